
with trips as (
    select * from (select * from features_order_steps where reference_date = date '2018-03-01')
    where step = 'transit'
        and first_day <= last_day
),

sellers as (
    select distinct
        items.order_id,
        items.seller_id,
        sellers.seller_state
    from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '150' day as date)) as items
    inner join sellers_as_of as sellers
        on sellers.seller_id = items.seller_id
),

pace as (
    select * from (select * from features_step_life_table where reference_date = date '2018-03-01')
    where step = 'transit'
),

expected as (
    select
        sellers.seller_id,
        trips.end_day is not null as is_delivered,
        routes.transit_ratio * coalesce(areas.area_ratio, 1)
            * (until_last.cumulative_hazard
                - coalesce(before_first.cumulative_hazard, 0)) as hazard
    from trips
    inner join sellers
        on sellers.order_id = trips.order_id
            and sellers.seller_state = trips.seller_state
    inner join (select * from features_route_delivery where reference_date = date '2018-03-01') as routes
        on routes.seller_state = trips.seller_state
            and routes.customer_state = trips.customer_state
    left join (select * from features_area_delivery where reference_date = date '2018-03-01') as areas
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
        cast(sum(case when typeof(hazard) in ('double', 'float') then cast(cast(round((hazard) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(hazard as decimal(38, 12)) end) as double) as expected_delivery_count,
        -- Deliveries / expected deliveries, counted as if both were 10 more:
        -- above 1 is faster than others
        ((delivery_count + 10 * 1) / 1D / (expected_delivery_count + 10))
            as transit_ratio
    from expected
    group by seller_id
)

select * from final
