
-- The last 28 days have four times the working days of the last 7, but for
-- holidays.
with working_days as (
    select
        4.0 * sum(is_working) filter (where days_ahead >= -7)
            / 1D / sum(is_working) as share
    from (select
        days_ahead,
        case
            when datediff(cast(day as date), cast(date '2001-01-01' as date)) % 7 >= 5 then 0
            when day in (        date '2017-01-01',        date '2017-04-21',        date '2017-05-01',        date '2017-09-07',        date '2017-10-12',        date '2017-11-02',        date '2017-11-15',        date '2017-12-25',        (cast(date '2017-04-16' as date) + case when typeof(-48) in ('double', 'float') then cast(rint(cast(-48 as double)) as integer) when typeof(-48) like 'decimal%' then cast(cast(-48 as decimal(38, 0)) as integer) else cast(-48 as integer) end),        (cast(date '2017-04-16' as date) + case when typeof(-47) in ('double', 'float') then cast(rint(cast(-47 as double)) as integer) when typeof(-47) like 'decimal%' then cast(cast(-47 as decimal(38, 0)) as integer) else cast(-47 as integer) end),        (cast(date '2017-04-16' as date) + case when typeof(-2) in ('double', 'float') then cast(rint(cast(-2 as double)) as integer) when typeof(-2) like 'decimal%' then cast(cast(-2 as decimal(38, 0)) as integer) else cast(-2 as integer) end),        (cast(date '2017-04-16' as date) + cast(60 as integer)),        date '2018-01-01',        date '2018-04-21',        date '2018-05-01',        date '2018-09-07',        date '2018-10-12',        date '2018-11-02',        date '2018-11-15',        date '2018-12-25',        (cast(date '2018-04-01' as date) + case when typeof(-48) in ('double', 'float') then cast(rint(cast(-48 as double)) as integer) when typeof(-48) like 'decimal%' then cast(cast(-48 as decimal(38, 0)) as integer) else cast(-48 as integer) end),        (cast(date '2018-04-01' as date) + case when typeof(-47) in ('double', 'float') then cast(rint(cast(-47 as double)) as integer) when typeof(-47) like 'decimal%' then cast(cast(-47 as decimal(38, 0)) as integer) else cast(-47 as integer) end),        (cast(date '2018-04-01' as date) + case when typeof(-2) in ('double', 'float') then cast(rint(cast(-2 as double)) as integer) when typeof(-2) like 'decimal%' then cast(cast(-2 as decimal(38, 0)) as integer) else cast(-2 as integer) end),        (cast(date '2018-04-01' as date) + cast(60 as integer)),        date '2019-01-01',        date '2019-04-21',        date '2019-05-01',        date '2019-09-07',        date '2019-10-12',        date '2019-11-02',        date '2019-11-15',        date '2019-12-25',        (cast(date '2019-04-21' as date) + case when typeof(-48) in ('double', 'float') then cast(rint(cast(-48 as double)) as integer) when typeof(-48) like 'decimal%' then cast(cast(-48 as decimal(38, 0)) as integer) else cast(-48 as integer) end),        (cast(date '2019-04-21' as date) + case when typeof(-47) in ('double', 'float') then cast(rint(cast(-47 as double)) as integer) when typeof(-47) like 'decimal%' then cast(cast(-47 as decimal(38, 0)) as integer) else cast(-47 as integer) end),        (cast(date '2019-04-21' as date) + case when typeof(-2) in ('double', 'float') then cast(rint(cast(-2 as double)) as integer) when typeof(-2) like 'decimal%' then cast(cast(-2 as decimal(38, 0)) as integer) else cast(-2 as integer) end),        (cast(date '2019-04-21' as date) + cast(60 as integer))
            ) then 0
            else 1
        end as is_working
    from (
        select
            days_ahead,
            (cast(date '2018-03-01' as date) + case when typeof(days_ahead) in ('double', 'float') then cast(rint(cast(days_ahead as double)) as integer) when typeof(days_ahead) like 'decimal%' then cast(cast(days_ahead as decimal(38, 0)) as integer) else cast(days_ahead as integer) end) as day
        from (
            select explode(filter(sequence(-28, -1 + 1), olist_n -> olist_n < -1 + 1)) as days_ahead
        ) as numbers
    ) as days) as calendar
),

steps as (
    select
        *,
        greatest(0, datediff(cast(cast(date '2018-03-01' - interval '7' day as date) as date), cast(from_day as date))) as first_day_of_7
    from (select * from features_order_steps where reference_date = date '2018-03-01')
    where first_day <= last_day
),

pace as (
    select * from (select * from features_step_life_table where reference_date = date '2018-03-01')
),

expected as (
    select
        steps.step,
        steps.customer_state,
        steps.end_day is not null as is_ended,
        working_days.share * (until_last.cumulative_hazard
            - coalesce(before_first.cumulative_hazard, 0)) as hazard
    from steps
    cross join working_days
    inner join pace as until_last
        on until_last.step = steps.step
            and until_last.reach = steps.reach
            and until_last.day = steps.last_day
    left join pace as before_first
        on before_first.step = steps.step
            and before_first.reach = steps.reach
            and before_first.day = steps.first_day_of_7 - 1
    where steps.first_day_of_7 <= steps.last_day
),

network as (
    select
        ((count(*) filter (where is_ended and step = 'hand-over') + 20 * 1) / 1D / (coalesce(cast(sum(case when typeof(case when step = 'hand-over' then hazard end) in ('double', 'float') then cast(cast(round((case when step = 'hand-over' then hazard end) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(case when step = 'hand-over' then hazard end as decimal(38, 12)) end) as double), 0) + 20)) as handover_ratio,
        ((count(*) filter (where is_ended and step = 'transit') + 20 * 1) / 1D / (coalesce(cast(sum(case when typeof(case when step = 'transit' then hazard end) in ('double', 'float') then cast(cast(round((case when step = 'transit' then hazard end) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(case when step = 'transit' then hazard end as decimal(38, 12)) end) as double), 0) + 20)) as transit_ratio
    from expected
),

final as (
    select
        expected.customer_state,
        -- Hand-overs of the last 7 days in the whole network / those expected
        -- at the pace of 28 days for as many working days, counted as if both
        -- were 20 more: above 1 is faster
        max(network.handover_ratio) as network_handover_ratio_7d,
        -- The same of deliveries
        max(network.transit_ratio) as network_transit_ratio_7d,
        -- The same of deliveries in the state, counted as if 20 more came as
        -- fast as in the network
        ((count(*) filter (where is_ended) + 20 * max(network.transit_ratio)) / (cast(sum(case when typeof(hazard) in ('double', 'float') then cast(cast(round((hazard) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(hazard as decimal(38, 12)) end) as double) + 20))
            as state_transit_ratio_7d
    from expected
    cross join network
    where expected.customer_state is not null
    group by expected.customer_state
)

select * from final
