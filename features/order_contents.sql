{{ config(
    entity = 'order',
    key = 'order_id',
    description = '
        One row per order under way (features.order_progress): what it is, how
        it is paid, and where it comes from.
    ',
    checks = [
        {'expression': 'distance_km between 0 and 5000', 'severity': 'warn'},
    ],
) }}
with orders as (
    select order_id from {{ ref('features.order_progress') }}
),

payments as (
    select
        order_id,
        bool_or(payment_type = 'boleto') as has_boleto,
        max(payment_installments) as max_installments,
    from {{ recent('order_payments', 60) }}
    group by order_id
),

contents as (
    select
        order_id,
        -- Items; NULL for an order without items, as all of the contents
        cast(sum(item_count) as bigint) as item_count,
        count(*) as seller_count,  -- Sellers
        -- Price of the items, without freight
        cast(sum(price) as double) as price_brl,
        cast(sum(freight) as double) as freight_brl,  -- Freight of the items
        -- Weight of the items, as far as it is known; NULL when none is
        cast(sum(weight_g) as bigint) as weight_g,
        -- Volume of the items, as far as it is known; NULL when none is
        cast(sum(volume_cm3) as bigint) as volume_cm3,
        -- The seller with the largest part of the price
        first(seller_id order by price desc, seller_id) as seller_id,
        -- State of that seller
        first(seller_state order by price desc, seller_id) as seller_state,
        -- Whether all items come from the state of the customer; NULL without
        -- items
        bool_and(seller_state = customer_state) as is_same_state,
        -- Great-circle distance between the zip areas of the customer and of
        -- the farthest seller; NULL for a zip without coordinates
        max(distance_km) as distance_km,
    from {{ ref('features.order_parts') }}
    group by order_id
),

final as (
    select
        orders.order_id,
        contents.* exclude (order_id),
        -- Whether a part is paid by boleto; NULL without payment
        payments.has_boleto,
        -- Most installments of a payment; NULL without payment
        payments.max_installments,
    from orders
    left join contents
        on contents.order_id = orders.order_id
    left join payments
        on payments.order_id = orders.order_id
)

select * from final
