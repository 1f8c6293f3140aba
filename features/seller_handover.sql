{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = '
        One row per seller with an order in the 90 days before the reference
        date: how fast and how reliably it hands over. Canceled orders are left
        out; days are calendar days.
    ',
    checks = [
        'handover_ratio > 0',
        'late_count <= fate_known_count',
        'fate_known_count <= recent_order_count',
    ],
) }}
with orders as (
    select * from {{ recent('orders', handover_days()) }}
    where order_status not in ('canceled', 'unavailable')
),

parts as (
    select
        order_id,
        seller_id,
        max(shipping_limit_date) as shipping_limit_at,
    from {{ recent('order_items', handover_days()) }}
    group by order_id, seller_id
),

pace as (
    select * from {{ ref('features.step_life_table') }}
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
        {{ day_of('orders.order_purchase_timestamp') }} as purchase_day,
        {{ day_of('orders.order_delivered_carrier_date') }} as handover_day,
        {{ day_of('orders.order_delivered_customer_date') }} as delivery_day,
        {{ day_of('orders.order_estimated_delivery_date') }} as promised_day,
        promised_day < {{ reference_date }} as is_fate_known,
        {{ is_late('delivery_day', 'promised_day') }} as is_late,
        {{ day_of_step('purchase_day', 'handover_at') }} as last_day,
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
        {{ exact_sum('pace.cumulative_hazard') }} as expected_handover_count,
        -- Hand-overs / expected hand-overs, counted as if both were 5 more:
        -- above 1 is faster than the network
        {{ shrunk('handover_count', 'expected_handover_count', 1, 5) }}
            as handover_ratio,
        -- Mean days from purchase to hand-over; NULL without one
        avg({{ step_days('purchase_day', 'handover_day') }})
            as avg_recent_handover_days,
        -- Mean days from hand-over to delivery; NULL without one
        avg({{ step_days('handover_day', 'delivery_day') }})
            as avg_recent_transit_days,
        -- Orders handed over after their shipping limit, or not yet though it
        -- has passed / orders whose limit has passed; NULL without one
        {{ ratio(
            'count(*) filter (
                where coalesce(handover_at, ' ~ reference_date ~ ')
                    > shipping_limit_at
            )',
            'count(shipping_limit_at)',
        ) }} as missed_limit_share,
        -- Orders promised for a day before the reference date
        count(*) filter (where is_fate_known) as fate_known_count,
        -- Those of them that came after that day or have not come
        count(*) filter (where is_fate_known and is_late) as late_count,
    from handovers
    left join pace
        on pace.day = handovers.last_day
    group by seller_id
)

select * from final
