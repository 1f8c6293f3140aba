
-- Those delivered before the 28 days say nothing of them.
with trips as (
    select * from (select * from features_order_steps where reference_date = date '2018-03-01')
    where is_of_120_days
        and first_day <= last_day
),

routes as (
    select * from (select * from features_route_delivery where reference_date = date '2018-03-01')
),

pace as (
    select * from (select * from features_step_life_table where reference_date = date '2018-03-01')
    where step = 'transit'
),

expected as (
    select
        trips.customer_area,
        trips.end_day is not null as is_delivered,
        routes.transit_ratio * (until_last.cumulative_hazard
            - coalesce(before_first.cumulative_hazard, 0)) as hazard
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
        cast(sum(case when typeof(hazard) in ('double', 'float') then cast(cast(round((hazard) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(hazard as decimal(38, 12)) end) as double) as expected_area_delivery_count,
        -- Deliveries / expected deliveries, counted as if both were 10 more:
        -- above 1 is faster than others
        ((area_delivery_count + 10 * 1) / 1D / (expected_area_delivery_count + 10)) as area_ratio
    from expected
    group by customer_area
)

select * from final
