
-- An order from several states goes as far as its farthest part, which is the
-- first by the order of these words in the alphabet.
with steps as (
    select
        step,
        min(reach) as reach,
        max(first_day) as first_day,
        max(last_day) as last_day,
        max(datediff(cast(to_day as date), cast(from_day as date))) as end_day
    from (select * from features_order_steps where reference_date = date '2018-03-01')
    where first_day <= last_day
    group by order_id, step
),

order_days as (
    select
        step,
        reach,
        end_day,
        explode(filter(sequence(first_day, last_day + 1), olist_n -> olist_n < last_day + 1)) as day
    from steps
),

counts as (
    select
        step,
        reach,
        day,
        count(*) as at_risk_count,
        count(*) filter (where end_day = day) as end_count
    from order_days
    group by step, reach, day
),

every_day as (
    select
        steps.*,
        days.day
    from (values
        ('hand-over', 'any'),
        ('transit', 'same state'),
        ('transit', 'near'),
        ('transit', 'far')
    ) as steps (step, reach)
    cross join (
        select explode(filter(sequence(0, 90 + 1), olist_n -> olist_n < 90 + 1)) as day
    ) as days
),

hazards as (
    select
        every_day.step,
        every_day.reach,
        every_day.day,
        coalesce(counts.at_risk_count, 0) as at_risk_count,
        coalesce(counts.end_count, 0) as end_count
    from every_day
    left join counts
        on counts.step = every_day.step
            and counts.reach = every_day.reach
            and counts.day = every_day.day
),

daily as (
    select
        *,
        ((end_count + 20 * 0.05) / 1D / (at_risk_count + 20)) as daily_hazard
    from hazards
),

final as (
    select
        step,
        reach,
        day,
        -- Orders that began such a day of the step in the 28 days
        at_risk_count,
        end_count,  -- Those of them that ended the step on that day
        -- end_count / at_risk_count, counted as if 20 orders more had ended at
        -- 5 % a day
        daily_hazard,
        -- Sum of -ln(1 - daily_hazard) up to this day: exp(-difference) is the
        -- chance to stay in the step from one day to another
        cast(sum(cast(cast(round((-case when 1 - daily_hazard <= 0 then raise_error('the logarithm of 0 or less') else ln(1 - daily_hazard) end) * 1e12D) as bigint) * 1e-12BD as decimal(18, 12))) over (
            partition by step, reach order by day nulls last
            rows between unbounded preceding and current row
        ) as double) as cumulative_hazard
    from daily
)

select * from final
