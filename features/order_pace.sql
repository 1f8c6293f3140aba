{{ config(
    entity = 'order',
    key = 'order_id',
    description = '
        One row per order under way (features.order_progress): how fast the
        network and the state of its customer were in the last 7 days, how fast
        its seller is with the carrier, how often its area is late, and how many
        working days are left.
    ',
    checks = [
        'seller_transit_ratio > 0 and state_transit_ratio_7d > 0',
        'area_late_share_120d between 0 and 1',
        'working_days_to_promise between 0 and 201',
    ],
) }}
{% set farthest = 200 %}
with orders as (
    select * from {{ ref('features.order_progress') }}
),

states as (
    select * from {{ ref('features.state_pace') }}
),

network as (
    select
        coalesce(max(network_handover_ratio_7d), 1) as handover_ratio,
        coalesce(max(network_transit_ratio_7d), 1) as transit_ratio,
    from states
),

sellers as (
    select
        parts.order_id,
        min(coalesce(sellers.transit_ratio, 1)) as transit_ratio,
    from {{ ref('features.order_parts') }} as parts
    left join {{ ref('features.seller_transit') }} as sellers
        on sellers.seller_id = parts.seller_id
    group by parts.order_id
),

areas as (
    select
        customer_area,
        {{ shrunk(
            'count(*) filter (where '
                ~ is_late('end_day', 'promised_day') ~ ')',
            'count(*)', usual_late_share(), late_share_weight()
        ) }} as late_share,
    from {{ ref('features.order_steps') }}
    where is_of_120_days
        and promised_day < {{ reference_date }}
    group by customer_area
),

calendar as (
    select
        days_ahead,
        sum(is_working) over (
            order by days_ahead
            rows between unbounded preceding and current row
        ) as working_days,
    from {{ calendar(0, farthest) }} as days
),

final as (
    select
        orders.order_id,
        -- Pace of hand-overs in the last 7 days beside that of 28, for as many
        -- working days (above 1 is faster); 1 without a record
        network.handover_ratio as network_handover_ratio_7d,
        -- The same of deliveries
        network.transit_ratio as network_transit_ratio_7d,
        -- The same of deliveries in the state of the customer
        coalesce(states.state_transit_ratio_7d, network.transit_ratio)
            as state_transit_ratio_7d,
        -- Pace of the deliveries of its slowest seller beside others on their
        -- routes (above 1 is faster); 1 without a record
        coalesce(sellers.transit_ratio, 1) as seller_transit_ratio,
        -- Late orders / orders of the last 120 days promised for a day before
        -- the reference date, of the zip area of the customer, counted as if 20
        -- more were there and 0.07 of them late
        coalesce(areas.late_share, {{ usual_late_share() }})
            as area_late_share_120d,
        -- Working days from the reference date to the promised day, both
        -- included: Monday to Friday, no national holiday; of 200 days at most
        cast(calendar.working_days as integer) as working_days_to_promise,
    from orders
    cross join network
    inner join calendar
        on calendar.days_ahead = least({{ farthest }}, orders.days_to_promise)
    left join states
        on states.customer_state = orders.customer_state
    left join sellers
        on sellers.order_id = orders.order_id
    left join areas
        on areas.customer_area = orders.customer_area
)

select * from final
