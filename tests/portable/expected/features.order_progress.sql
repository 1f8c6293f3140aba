
with orders as (
    select * from (select * from orders_as_of
        where known_at >= cast(date '2018-03-01' - interval '60' day as date))
    where order_delivered_customer_date is null
        and order_status not in ('canceled', 'unavailable', 'delivered')
        and order_estimated_delivery_date >= date '2018-03-01'
),

limits as (
    select
        order_id,
        max(shipping_limit_date) as shipping_limit_date
    from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '60' day as date))
    group by order_id
),

final as (
    select
        orders.order_id,
        -- Days since the purchase, from 1
        datediff(cast(date '2018-03-01' as date), cast(order_purchase_timestamp as date))
            as age_days,
        -- Days to the promised day; 0 when it is promised for the reference
        -- date
        datediff(cast(order_estimated_delivery_date as date), cast(date '2018-03-01' as date))
            as days_to_promise,
        -- Days from the purchase to the promised day
        datediff(cast(order_estimated_delivery_date as date), cast(order_purchase_timestamp as date)) as promise_days,
        -- Whether the payment is approved
        order_approved_at is not null as is_approved,
        -- Whether the carrier has it
        order_delivered_carrier_date is not null as is_handed_over,
        -- Days since the hand-over, or since the purchase while the seller has
        -- it, and where the hand-over is dated before it
        datediff(cast(date '2018-03-01' as date), cast(greatest(
            order_delivered_carrier_date, order_purchase_timestamp
        ) as date)) as days_in_step,
        -- Days since the last shipping limit of an order that the seller still
        -- has; NULL while no limit has passed: a limit is not known before its
        -- own day
        case when order_delivered_carrier_date is null then
            datediff(cast(date '2018-03-01' as date), cast(limits.shipping_limit_date as date))
        end as days_past_limit,
        customers.customer_state,  -- State of the customer
        -- First three digits of the zip code of the customer
        left(customers.customer_zip_code_prefix, 3) as customer_area
    from orders
    left join limits
        on limits.order_id = orders.order_id
    left join customers_as_of as customers
        on customers.customer_id = orders.customer_id
)

select * from final
