{{ config(
    entity = 'order',
    key = 'order_id',
    description = '
        One row per order under way: bought in the 60 days before the reference
        date, neither delivered nor known to be canceled before it, its promised
        day not past. How far it is, and where it has to go. Days are calendar
        days.
    ',
    checks = [
        'age_days between 1 and 60',
        'days_to_promise >= 0',
        'days_in_step between 0 and age_days',
    ],
) }}
with orders as (
    select * from {{ recent('orders', 60) }}
    where order_delivered_customer_date is null
        and order_status not in ('canceled', 'unavailable', 'delivered')
        and order_estimated_delivery_date >= {{ reference_date }}
),

limits as (
    select
        order_id,
        max(shipping_limit_date) as shipping_limit_date,
    from {{ recent('order_items', 60) }}
    group by order_id
),

final as (
    select
        orders.order_id,
        -- Days since the purchase, from 1
        {{ days_between('order_purchase_timestamp', reference_date) }}
            as age_days,
        -- Days to the promised day; 0 when it is promised for the reference
        -- date
        {{ days_between(reference_date, 'order_estimated_delivery_date') }}
            as days_to_promise,
        -- Days from the purchase to the promised day
        {{ days_between(
            'order_purchase_timestamp', 'order_estimated_delivery_date'
        ) }} as promise_days,
        -- Whether the payment is approved
        order_approved_at is not null as is_approved,
        -- Whether the carrier has it
        order_delivered_carrier_date is not null as is_handed_over,
        -- Days since the hand-over, or since the purchase while the seller has
        -- it, and where the hand-over is dated before it
        {{ days_between('greatest(
            order_delivered_carrier_date, order_purchase_timestamp
        )', reference_date) }} as days_in_step,
        -- Days since the last shipping limit of an order that the seller still
        -- has; NULL while no limit has passed: a limit is not known before its
        -- own day
        case when order_delivered_carrier_date is null then
            {{ days_between('limits.shipping_limit_date', reference_date) }}
        end as days_past_limit,
        customers.customer_state,  -- State of the customer
        -- First three digits of the zip code of the customer
        left(customers.customer_zip_code_prefix, 3) as customer_area,
    from orders
    left join limits
        on limits.order_id = orders.order_id
    left join {{ source('customers') }} as customers
        on customers.customer_id = orders.customer_id
)

select * from final
