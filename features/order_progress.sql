{{ config(
    entity = 'order',
    key = 'order_id',
    description = 'One row per order under way: bought in the 60 days before the reference date, neither delivered nor known to be canceled before it, its promised day not past. What it is, where it has to go, and how far it is. Days are calendar days.',
    columns = {
        'age_days': 'Days since the purchase, from 1',
        'days_to_promise': 'Days to the promised day; 0 when it is promised for the reference date',
        'promise_days': 'Days from the purchase to the promised day',
        'is_approved': 'Whether the payment is approved',
        'is_handed_over': 'Whether the carrier has it',
        'days_in_step': 'Days since the hand-over, or since the purchase while the seller has it',
        'days_past_limit': 'Days since the last shipping limit of an order that the seller still has; NULL while no limit has passed: a limit is not known before its own day',
        'item_count': 'Items; this and the next three are NULL for an order without items',
        'seller_count': 'Sellers',
        'price_brl': 'Price of the items, without freight',
        'freight_brl': 'Freight of the items',
        'weight_g': 'Weight of the items, as far as it is known; NULL when none is',
        'volume_cm3': 'Volume of the items, as far as it is known; NULL when none is',
        'has_boleto': 'Whether a part is paid by boleto; NULL without payment',
        'max_installments': 'Most installments of a payment; NULL without payment',
        'seller_id': 'The seller with the largest part of the price',
        'seller_state': 'State of that seller',
        'customer_state': 'State of the customer',
        'customer_area': 'First three digits of the zip code of the customer',
        'is_same_state': 'Whether all items come from the state of the customer; NULL without items',
        'distance_km': 'Great-circle distance between the zip areas of the customer and of the farthest seller; NULL for a zip without coordinates',
    },
    checks = [
        'age_days between 1 and 60',
        'days_to_promise >= 0',
        'days_in_step between 0 and age_days',
        'distance_km between 0 and 5000',
    ],
) }}
with orders as (
    select * from {{ source('orders') }}
    where known_at >= {{ days_before(reference_date, 60) }}
        and order_delivered_customer_date is null
        and order_status not in ('canceled', 'unavailable', 'delivered')
        and order_estimated_delivery_date >= {{ reference_date }}
),

items as (
    select items.*
    from {{ source('order_items') }} as items
    semi join orders
        on orders.order_id = items.order_id
),

payments as (
    select * from {{ source('order_payments') }}
),

products as (
    select * from {{ source('products') }}
),

customers as (
    select * from {{ source('customers') }}
),

sellers as (
    select * from {{ source('sellers') }}
),

points as (
    select * from {{ source('geolocation') }}
),

order_payments as (
    select
        payments.order_id,
        bool_or(payments.payment_type = 'boleto') as has_boleto,
        max(payments.payment_installments) as max_installments,
    from payments
    semi join orders
        on orders.order_id = payments.order_id
    group by payments.order_id
),

-- The parts of an order, one a seller.
parts as (
    select
        items.order_id,
        items.seller_id,
        count(*) as item_count,
        sum(items.price) as price,
        sum(items.freight_value) as freight,
        sum(products.product_weight_g) as weight_g,
        sum(products.product_length_cm * products.product_height_cm
            * products.product_width_cm) as volume_cm3,
        max(items.shipping_limit_date) as shipping_limit_date,
    from items
    left join products
        on products.product_id = items.product_id
    group by items.order_id, items.seller_id
),

routes as (
    select
        parts.*,
        sellers.seller_state,
        sellers.seller_zip_code_prefix as seller_zip,
        customers.customer_state,
        customers.customer_zip_code_prefix as customer_zip,
    from parts
    inner join orders
        on orders.order_id = parts.order_id
    left join sellers
        on sellers.seller_id = parts.seller_id
    left join customers
        on customers.customer_id = orders.customer_id
),

-- A zip has many points, some of them in the sea.
zips as (
    select
        geolocation_zip_code_prefix as zip,
        radians(avg(cast(geolocation_lat as decimal(9, 6)))) as lat,
        radians(avg(cast(geolocation_lng as decimal(9, 6)))) as lng,
    from points
    semi join (
        select seller_zip as zip from routes
        union
        select customer_zip as zip from routes
    ) as needed
        on needed.zip = points.geolocation_zip_code_prefix
    where geolocation_lat between -34 and 6
        and geolocation_lng between -74 and -32
    group by geolocation_zip_code_prefix
),

distances as (
    select
        routes.*,
        2 * 6371 * asin(sqrt(
            power(sin((to_zip.lat - from_zip.lat) / 2), 2)
                + cos(from_zip.lat) * cos(to_zip.lat)
                    * power(sin((to_zip.lng - from_zip.lng) / 2), 2)
        )) as distance_km,
    from routes
    left join zips as from_zip
        on from_zip.zip = routes.seller_zip
    left join zips as to_zip
        on to_zip.zip = routes.customer_zip
),

order_parts as (
    select
        order_id,
        cast(sum(item_count) as bigint) as item_count,
        count(*) as seller_count,
        cast(sum(price) as double) as price_brl,
        cast(sum(freight) as double) as freight_brl,
        cast(sum(weight_g) as bigint) as weight_g,
        cast(sum(volume_cm3) as bigint) as volume_cm3,
        max(shipping_limit_date) as shipping_limit_date,
        first(seller_id order by price desc, seller_id) as seller_id,
        first(seller_state order by price desc, seller_id) as seller_state,
        bool_and(seller_state = customer_state) as is_same_state,
        max(distance_km) as distance_km,
    from distances
    group by order_id
),

final as (
    select
        orders.order_id,

        -- how far it is
        {{ days_between('order_purchase_timestamp', reference_date) }}
            as age_days,
        {{ days_between(reference_date, 'order_estimated_delivery_date') }}
            as days_to_promise,
        {{ days_between(
            'order_purchase_timestamp', 'order_estimated_delivery_date'
        ) }} as promise_days,
        order_approved_at is not null as is_approved,
        order_delivered_carrier_date is not null as is_handed_over,
        {{ days_between('coalesce(
            order_delivered_carrier_date, order_purchase_timestamp
        )', reference_date) }} as days_in_step,
        case when order_delivered_carrier_date is null then
            {{ days_between(
                'order_parts.shipping_limit_date', reference_date
            ) }}
        end as days_past_limit,

        -- what it is
        order_parts.item_count,
        order_parts.seller_count,
        order_parts.price_brl,
        order_parts.freight_brl,
        order_parts.weight_g,
        order_parts.volume_cm3,
        order_payments.has_boleto,
        order_payments.max_installments,

        -- from where to where
        order_parts.seller_id,
        order_parts.seller_state,
        customers.customer_state,
        left(customers.customer_zip_code_prefix, 3) as customer_area,
        order_parts.is_same_state,
        order_parts.distance_km,
    from orders
    left join order_parts
        on order_parts.order_id = orders.order_id
    left join order_payments
        on order_payments.order_id = orders.order_id
    left join customers
        on customers.customer_id = orders.customer_id
)

select * from final
