
with trips as (
    select
        *,
        datediff(cast(to_day as date), cast(cast(date '2018-03-01' - interval '28' day as date) as date))
            >= 0 as is_delivered_now,
        promised_day < date '2018-03-01' as is_due,
        coalesce(end_day, date '2018-03-01') > promised_day as is_late
    from (select * from features_order_steps where reference_date = date '2018-03-01')
    where is_of_120_days
),

pace as (
    select * from (select * from features_step_life_table where reference_date = date '2018-03-01')
    where step = 'transit'
),

expected as (
    select
        trips.*,
        until_last.cumulative_hazard
            - coalesce(before_first.cumulative_hazard, 0) as hazard
    from trips
    left join pace as until_last
        on until_last.reach = trips.reach
            and until_last.day = trips.last_day
            and trips.first_day <= trips.last_day
    left join pace as before_first
        on before_first.reach = trips.reach
            and before_first.day = trips.first_day - 1
),

final as (
    select
        seller_state,
        customer_state,
        -- Orders delivered in the last 28 days, with a hand-over before
        count(*) filter (where is_delivered_now and hazard is not null)
            as delivery_count,
        -- Deliveries in the last 28 days if the route were as fast as others
        -- of its reach
        coalesce(cast(sum(case when typeof(hazard) in ('double', 'float') then cast(cast(round((hazard) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(hazard as decimal(38, 12)) end) as double), 0) as expected_delivery_count,
        -- Deliveries / expected deliveries, counted as if both were 20 more:
        -- above 1 is faster than others
        ((delivery_count + 20 * 1) / 1D / (expected_delivery_count + 20))
            as transit_ratio,
        -- Mean days from hand-over to delivery, of orders delivered in the
        -- last 28 days; NULL without one
        (sum(datediff(cast(to_day as date), cast(from_day as date))) filter (
            where is_delivered_now
        ) / 1D / nullif(count(datediff(cast(to_day as date), cast(from_day as date))) filter (
            where is_delivered_now
        ), 0)) as avg_transit_days,
        -- Orders promised for a day of the last 14
        count(*) filter (
            where is_due
                and promised_day >= cast(date '2018-03-01' - interval '14' day as date)
        ) as promised_14d,
        -- Those of them that came after that day or have not come
        count(*) filter (
            where is_due and is_late
                and promised_day >= cast(date '2018-03-01' - interval '14' day as date)
        ) as late_14d,
        -- Orders promised for a day of the last 28
        count(*) filter (
            where is_due
                and promised_day >= cast(date '2018-03-01' - interval '28' day as date)
        ) as promised_28d,
        -- Those of them that came after that day or have not come
        count(*) filter (
            where is_due and is_late
                and promised_day >= cast(date '2018-03-01' - interval '28' day as date)
        ) as late_28d
    from expected
    group by seller_state, customer_state
)

select * from final
