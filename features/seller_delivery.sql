{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = '
        One row per seller with an order in the 6 months before the reference
        date: how those orders were delivered, as known before it. Days are
        calendar days.
    ',
    checks = [
        'late_order_share between 0 and 1',
        'cancelled_order_share + open_order_share <= 1.000001',
        'not_handed_over_share <= open_order_share + 0.000001',
        'min_freight_brl <= max_freight_brl',
        'avg_purchase_to_delivery_days >= 0',
    ],
) }}
with deliveries as (
    select
        sold.seller_id,
        cast(sold.freight as double) as freight,
        orders.order_status = 'canceled' as is_canceled,
        orders.order_status in ('canceled', 'unavailable') as is_off,
        {{ day_of('orders.order_purchase_timestamp') }} as purchase_day,
        {{ day_of('orders.order_approved_at') }} as approval_day,
        {{ day_of('orders.order_delivered_carrier_date') }} as handover_day,
        {{ day_of('orders.order_delivered_customer_date') }} as delivery_day,
        {{ day_of('orders.order_estimated_delivery_date') }} as promised_day,
        delivery_day is not null as is_delivered,
        not is_off and handover_day is null and delivery_day is null
            as is_with_seller,
        not is_canceled
            and (is_delivered or promised_day < {{ reference_date }})
            as is_fate_known,
        {{ is_late('delivery_day', 'promised_day') }} as is_late,
    from {{ ref('features.seller_orders') }} as sold
    inner join {{ last_six_months('orders') }} as orders
        on orders.order_id = sold.order_id
),

final as (
    select
        seller_id,
        -- Late orders / orders whose fate is known (delivered, or promised for
        -- a day that has passed), canceled ones left out; late is delivered
        -- after the promised day, or not delivered though it has passed; NULL
        -- without such an order
        {{ ratio(
            'count(*) filter (where is_fate_known and is_late)',
            'count(*) filter (where is_fate_known)',
        ) }} as late_order_share,
        -- Canceled orders / orders
        {{ ratio('count(*) filter (where is_canceled)', 'count(*)') }}
            as cancelled_order_share,
        -- Orders neither delivered nor canceled nor unavailable / orders
        {{ ratio(
            'count(*) filter (where not is_delivered and not is_off)',
            'count(*)',
        ) }} as open_order_share,
        -- Mean freight of the seller in an order
        {{ exact_sum('freight') }} / count(*) as avg_freight_brl,
        -- Lowest freight of the seller in an order
        min(freight) as min_freight_brl,
        -- Highest freight of the seller in an order
        max(freight) as max_freight_brl,
        -- Median freight of the seller in an order
        median(freight) as median_freight_brl,
        -- Mean days from approval to delivery, of orders delivered
        avg({{ step_days('approval_day', 'delivery_day') }})
            as avg_approval_to_delivery_days,
        -- Mean days from purchase to delivery, of orders delivered
        avg({{ step_days('purchase_day', 'delivery_day') }})
            as avg_purchase_to_delivery_days,
        -- Mean days from delivery to the promised day, of orders delivered;
        -- negative when late
        avg({{ days_between('delivery_day', 'promised_day') }})
            as avg_days_ahead_of_promise,
        -- Mean days from purchase to the carrier, of orders handed over
        avg({{ step_days('purchase_day', 'handover_day') }})
            as avg_handover_days,
        -- Longest time from purchase to the carrier, of orders handed over
        max({{ step_days('purchase_day', 'handover_day') }})
            as max_handover_days,
        -- Orders that the carrier does not have yet / orders; canceled and
        -- unavailable ones left out of the first
        {{ ratio('count(*) filter (where is_with_seller)', 'count(*)') }}
            as not_handed_over_share,
        -- Orders bought more than 7 days ago that the carrier does not have
        -- yet; canceled and unavailable ones left out
        count(*) filter (
            where is_with_seller
                and purchase_day < {{ days_before(reference_date, 7) }}
        ) as overdue_handover_count,
    from deliveries
    group by seller_id
)

select * from final
