{{ config(
    entity = 'state',
    key = 'customer_state',
    intermediate = true,
    description = '
        One row per state of customers with an order on its way in the 28 days
        before the reference date: how fast the last 7 days were beside the life
        tables of the 28, in the state and in the whole network.
    ',
    checks = ['state_transit_ratio_7d > 0'],
) }}
-- The last 28 days have four times the working days of the last 7, but for
-- holidays.
with working_days as (
    select
        4.0 * sum(is_working) filter (where days_ahead >= -7)
            / sum(is_working) as share,
    from {{ calendar(-28, -1) }} as calendar
),

steps as (
    select
        *,
        greatest(0, {{ days_between(
            'from_day', days_before(reference_date, 7)
        ) }}) as first_day_of_7,
    from {{ ref('features.order_steps') }}
    where first_day <= last_day
),

pace as (
    select * from {{ ref('features.step_life_table') }}
),

expected as (
    select
        steps.step,
        steps.customer_state,
        steps.end_day is not null as is_ended,
        working_days.share * (until_last.cumulative_hazard
            - coalesce(before_first.cumulative_hazard, 0)) as hazard,
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
    {% for step in ['hand-over', 'transit'] %}
        {{ shrunk(
            "count(*) filter (where is_ended and step = '" ~ step ~ "')",
            "coalesce(" ~ exact_sum(
                "case when step = '" ~ step ~ "' then hazard end"
            ) ~ ", 0)", 1, 20
        ) }} as {{ step | replace('-', '') }}_ratio,
    {% endfor %}
    from expected
),

final as (
    select
        expected.customer_state,
        -- Hand-overs of the last 7 days in the whole network / those expected
        -- at the pace of 28 days for as many working days, counted as if both
        -- were 20 more: above 1 is faster
        any_value(network.handover_ratio) as network_handover_ratio_7d,
        -- The same of deliveries
        any_value(network.transit_ratio) as network_transit_ratio_7d,
        -- The same of deliveries in the state, counted as if 20 more came as
        -- fast as in the network
        {{ shrunk('count(*) filter (where is_ended)', exact_sum('hazard'),
            'any_value(network.transit_ratio)', 20) }}
            as state_transit_ratio_7d,
    from expected
    cross join network
    where expected.customer_state is not null
    group by expected.customer_state
)

select * from final
