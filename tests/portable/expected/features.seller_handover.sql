
with orders as (
    select * from (select * from orders_as_of
        where known_at >= cast(date '2018-03-01' - interval '90' day as date))
    where order_status not in ('canceled', 'unavailable')
),

parts as (
    select
        order_id,
        seller_id,
        max(shipping_limit_date) as shipping_limit_at
    from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '90' day as date))
    group by order_id, seller_id
),

pace as (
    select * from (select * from features_step_life_table where reference_date = date '2018-03-01')
    where step = 'hand-over'
),

handovers as (
    select
        parts.seller_id,
        parts.shipping_limit_at,
        coalesce(
            orders.order_delivered_carrier_date,
            orders.order_delivered_customer_date
        ) as handover_at,
        cast(orders.order_purchase_timestamp as date) as purchase_day,
        cast(orders.order_delivered_carrier_date as date) as handover_day,
        cast(orders.order_delivered_customer_date as date) as delivery_day,
        cast(orders.order_estimated_delivery_date as date) as promised_day,
        promised_day < date '2018-03-01' as is_fate_known,
        coalesce(delivery_day, date '2018-03-01') > promised_day as is_late,
        greatest(0, least(90, datediff(cast(coalesce(handover_at, cast(date '2018-03-01' - interval '1' day as date)) as date), cast(purchase_day as date)))) as last_day
    from parts
    inner join orders
        on orders.order_id = parts.order_id
),

final as (
    select
        seller_id,
        count(*) as recent_order_count,  -- Orders of the last 90 days
        count(handover_at) as handover_count,  -- Hand-overs to the carrier
        -- Hand-overs if the seller were as fast as the network is now
        cast(sum(case when typeof(pace.cumulative_hazard) in ('double', 'float') then cast(cast(round((pace.cumulative_hazard) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(pace.cumulative_hazard as decimal(38, 12)) end) as double) as expected_handover_count,
        -- Hand-overs / expected hand-overs, counted as if both were 5 more:
        -- above 1 is faster than the network
        ((handover_count + 5 * 1) / 1D / (expected_handover_count + 5))
            as handover_ratio,
        -- Mean days from purchase to hand-over; NULL without one
        (sum(case
            when handover_day < purchase_day then 0
            else datediff(cast(handover_day as date), cast(purchase_day as date))
        end) / 1D / nullif(count(case
            when handover_day < purchase_day then 0
            else datediff(cast(handover_day as date), cast(purchase_day as date))
        end), 0))
            as avg_recent_handover_days,
        -- Mean days from hand-over to delivery; NULL without one
        (sum(case
            when delivery_day < handover_day then 0
            else datediff(cast(delivery_day as date), cast(handover_day as date))
        end) / 1D / nullif(count(case
            when delivery_day < handover_day then 0
            else datediff(cast(delivery_day as date), cast(handover_day as date))
        end), 0))
            as avg_recent_transit_days,
        -- Orders handed over after their shipping limit, or not yet though it
        -- has passed / orders whose limit has passed; NULL without one
        (cast(count(*) filter (
                where coalesce(handover_at, date '2018-03-01')
                    > shipping_limit_at
            ) as double) / nullif(count(shipping_limit_at), 0)) as missed_limit_share,
        -- Orders promised for a day before the reference date
        count(*) filter (where is_fate_known) as fate_known_count,
        -- Those of them that came after that day or have not come
        count(*) filter (where is_fate_known and is_late) as late_count
    from handovers
    left join pace
        on pace.day = handovers.last_day
    group by seller_id
)

select * from final
