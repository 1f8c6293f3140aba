{{ config(
    entity = 'step, reach and day',
    key = ['step', 'reach', 'day'],
    description = '
        One row per step of an order (hand-over: from purchase to the carrier;
        transit: from the carrier to the customer), reach of the trip (same
        state, near, far; any for hand-overs) and day in the step, from 0: how
        fast the whole network does it now. A period life table: of the orders
        that were in the step on one of the last 28 calendar days, which ended
        it on that day; orders that are still in it count, canceled ones do not.
    ',
    checks = [
        'end_count <= at_risk_count',
        'daily_hazard > 0 and daily_hazard < 1',
        "reach in ('any', 'same state', 'near', 'far')",
    ],
) }}
-- An order from several states goes as far as its farthest part, which is the
-- first by the order of these words in the alphabet.
with steps as (
    select
        step,
        min(reach) as reach,
        any_value(first_day) as first_day,
        any_value(last_day) as last_day,
        any_value({{ days_between('from_day', 'to_day') }}) as end_day,
    from {{ ref('features.order_steps') }}
    where first_day <= last_day
    group by order_id, step
),

order_days as (
    select
        step,
        reach,
        end_day,
        unnest(range(first_day, last_day + 1)) as day,
    from steps
),

counts as (
    select
        step,
        reach,
        day,
        count(*) as at_risk_count,
        count(*) filter (where end_day = day) as end_count,
    from order_days
    group by step, reach, day
),

every_day as (
    select
        steps.*,
        days.day,
    from (values
        ('hand-over', 'any'),
        ('transit', 'same state'),
        ('transit', 'near'),
        ('transit', 'far')
    ) as steps (step, reach)
    cross join (
        select unnest(range(0, {{ last_step_day() }} + 1)) as day
    ) as days
),

hazards as (
    select
        every_day.step,
        every_day.reach,
        every_day.day,
        coalesce(counts.at_risk_count, 0) as at_risk_count,
        coalesce(counts.end_count, 0) as end_count,
    from every_day
    left join counts
        on counts.step = every_day.step
            and counts.reach = every_day.reach
            and counts.day = every_day.day
),

daily as (
    select
        *,
        {{ shrunk('end_count', 'at_risk_count', 0.05, 20) }} as daily_hazard,
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
        cast(sum(cast(-ln(1 - daily_hazard) as decimal(18, 12))) over (
            partition by step, reach order by day
            rows between unbounded preceding and current row
        ) as double) as cumulative_hazard,
    from daily
)

select * from final
