{{ config(
    entity = 'area',
    key = 'customer_area',
    description = '
        One row per zip area of customers (the first three digits) with an order
        on its way there in the 28 days before the reference date: how fast
        deliveries are beside others on the same routes. An order from two
        states counts for each of them; canceled orders are left out.
    ',
    checks = ['area_ratio > 0'],
) }}
-- Those delivered before the 28 days say nothing of them.
with trips as (
    select * from {{ ref('features.order_steps') }}
    where is_of_120_days
        and first_day <= last_day
),

routes as (
    select * from {{ ref('features.route_delivery') }}
),

pace as (
    select * from {{ ref('features.step_life_table') }}
    where step = 'transit'
),

expected as (
    select
        trips.customer_area,
        trips.end_day is not null as is_delivered,
        routes.transit_ratio * (until_last.cumulative_hazard
            - coalesce(before_first.cumulative_hazard, 0)) as hazard,
    from trips
    inner join routes
        on routes.seller_state = trips.seller_state
            and routes.customer_state = trips.customer_state
    inner join pace as until_last
        on until_last.reach = trips.reach
            and until_last.day = trips.last_day
    left join pace as before_first
        on before_first.reach = trips.reach
            and before_first.day = trips.first_day - 1
),

final as (
    select
        customer_area,
        -- Orders delivered in the last 28 days
        count(*) filter (where is_delivered) as area_delivery_count,
        -- Deliveries in the last 28 days if the area were as fast as its routes
        {{ exact_sum('hazard') }} as expected_area_delivery_count,
        -- Deliveries / expected deliveries, counted as if both were 10 more:
        -- above 1 is faster than others
        {{ shrunk(
            'area_delivery_count', 'expected_area_delivery_count', 1, 10
        ) }} as area_ratio,
    from expected
    group by customer_area
)

select * from final
