{{ config(
    entity = 'seller',
    key = 'seller_id',
    intermediate = true,
    description = '
        One row per seller with an order on its way in the 28 days before the
        reference date: how fast deliveries are beside others on the same routes
        and to the same areas. It is the carrier that it works with. Canceled
        orders are left out.
    ',
    checks = ['transit_ratio > 0'],
) }}
with trips as (
    select * from {{ ref('features.order_steps') }}
    where step = 'transit'
        and first_day <= last_day
),

sellers as (
    select distinct
        items.order_id,
        items.seller_id,
        sellers.seller_state,
    from {{ recent('order_items', 150) }} as items
    inner join {{ source('sellers') }} as sellers
        on sellers.seller_id = items.seller_id
),

pace as (
    select * from {{ ref('features.step_life_table') }}
    where step = 'transit'
),

expected as (
    select
        sellers.seller_id,
        trips.end_day is not null as is_delivered,
        routes.transit_ratio * coalesce(areas.area_ratio, 1)
            * (until_last.cumulative_hazard
                - coalesce(before_first.cumulative_hazard, 0)) as hazard,
    from trips
    inner join sellers
        on sellers.order_id = trips.order_id
            and sellers.seller_state = trips.seller_state
    inner join {{ ref('features.route_delivery') }} as routes
        on routes.seller_state = trips.seller_state
            and routes.customer_state = trips.customer_state
    left join {{ ref('features.area_delivery') }} as areas
        on areas.customer_area = trips.customer_area
    inner join pace as until_last
        on until_last.reach = trips.reach
            and until_last.day = trips.last_day
    left join pace as before_first
        on before_first.reach = trips.reach
            and before_first.day = trips.first_day - 1
),

final as (
    select
        seller_id,
        -- Orders delivered in the last 28 days
        count(*) filter (where is_delivered) as delivery_count,
        -- Deliveries in the last 28 days if the seller's were as fast as others
        -- on its routes and to its areas
        {{ exact_sum('hazard') }} as expected_delivery_count,
        -- Deliveries / expected deliveries, counted as if both were 10 more:
        -- above 1 is faster than others
        {{ shrunk('delivery_count', 'expected_delivery_count', 1, 10) }}
            as transit_ratio,
    from expected
    group by seller_id
)

select * from final
