{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = 'One row per seller with an order in the 6 months before the reference date: how those orders were delivered, as known before it. Days are calendar days.',
    columns = {
        'late_order_share': 'Late orders / orders whose fate is known (delivered, or promised for a day that has passed), canceled ones left out; late is delivered after the promised day, or not delivered though it has passed; NULL without such an order',
        'cancelled_order_share': 'Canceled orders / orders',
        'open_order_share': 'Orders neither delivered nor canceled nor unavailable / orders',
        'avg_freight_brl': 'Mean freight of the seller in an order',
        'min_freight_brl': 'Lowest freight of the seller in an order',
        'max_freight_brl': 'Highest freight of the seller in an order',
        'median_freight_brl': 'Median freight of the seller in an order',
        'avg_approval_to_delivery_days': 'Mean days from approval to delivery, of orders delivered',
        'avg_purchase_to_delivery_days': 'Mean days from purchase to delivery, of orders delivered',
        'avg_days_ahead_of_promise': 'Mean days from delivery to the promised day, of orders delivered; negative when late',
        'avg_handover_days': 'Mean days from purchase to hand-over to the carrier, of orders handed over',
        'max_handover_days': 'Longest time from purchase to hand-over to the carrier, of orders handed over',
        'overdue_handover_count': 'Orders bought more than 7 days before the reference date that the carrier does not have yet; canceled and unavailable ones left out',
        'not_handed_over_share': 'Orders that the carrier does not have yet / orders; canceled and unavailable ones left out of the first',
    },
    checks = [
        'late_order_share between 0 and 1',
        'cancelled_order_share + open_order_share <= 1.000001',
        'not_handed_over_share <= open_order_share + 0.000001',
        'min_freight_brl <= max_freight_brl',
        'avg_purchase_to_delivery_days >= 0',
    ],
) }}
-- Orders, their items, payments and customers are known when bought, reviews
-- later, so the window is one of known_at.
with items as (
    select *
    from {{ source('order_items') }}
    where known_at >= {{ months_before(reference_date, 6) }}
),

orders as (
    select *
    from {{ source('orders') }}
    where known_at >= {{ months_before(reference_date, 6) }}
),

seller_orders as (
    select
        seller_id,
        order_id,
        cast(sum(freight_value) as double) as freight,
    from items
    group by seller_id, order_id
),

deliveries as (
    select
        seller_orders.seller_id,
        seller_orders.freight,
        orders.order_status = 'canceled' as is_canceled,
        orders.order_status in ('canceled', 'unavailable') as is_off,
        orders.order_delivered_customer_date is not null as is_delivered,
        orders.order_delivered_carrier_date is null
            and orders.order_delivered_customer_date is null
            and orders.order_status not in ('canceled', 'unavailable')
            as is_with_seller,
        {{ day_of('orders.order_purchase_timestamp') }} as purchase_day,
        {{ day_of('orders.order_approved_at') }} as approval_day,
        {{ day_of('orders.order_delivered_carrier_date') }} as handover_day,
        {{ day_of('orders.order_delivered_customer_date') }} as delivery_day,
        {{ day_of('orders.order_estimated_delivery_date') }} as promised_day,
    from seller_orders
    inner join orders
        on orders.order_id = seller_orders.order_id
),

fates as (
    select
        *,
        not is_canceled
            and (is_delivered or promised_day < {{ reference_date }})
            as is_fate_known,
        coalesce(delivery_day, {{ reference_date }}) > promised_day as is_late,
    from deliveries
),

final as (
    select
        seller_id,
        {{ ratio(
            'count(*) filter (where is_fate_known and is_late)',
            'count(*) filter (where is_fate_known)',
        ) }} as late_order_share,
        {{ ratio('count(*) filter (where is_canceled)', 'count(*)') }}
            as cancelled_order_share,
        {{ ratio(
            'count(*) filter (where not is_delivered and not is_off)',
            'count(*)',
        ) }} as open_order_share,
        {{ exact_sum('freight') }} / count(*) as avg_freight_brl,
        min(freight) as min_freight_brl,
        max(freight) as max_freight_brl,
        median(freight) as median_freight_brl,
        avg({{ days_between('approval_day', 'delivery_day') }})
            as avg_approval_to_delivery_days,
        avg({{ days_between('purchase_day', 'delivery_day') }})
            as avg_purchase_to_delivery_days,
        avg({{ days_between('delivery_day', 'promised_day') }})
            as avg_days_ahead_of_promise,
        avg({{ days_between('purchase_day', 'handover_day') }})
            as avg_handover_days,
        max({{ days_between('purchase_day', 'handover_day') }})
            as max_handover_days,
        {{ ratio('count(*) filter (where is_with_seller)', 'count(*)') }}
            as not_handed_over_share,
        count(*) filter (
            where is_with_seller
                and purchase_day < {{ days_before(reference_date, 7) }}
        ) as overdue_handover_count,
    from fates
    group by seller_id
)

select * from final
