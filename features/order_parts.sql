{{ config(
    entity = 'order and seller',
    key = ['order_id', 'seller_id'],
    intermediate = true,
    description = '
        One row per order under way (features.order_progress) and seller of it:
        the part of the order that comes from the seller, and from where to
        where it goes.
    ',
    checks = ['item_count > 0'],
) }}
with progress as (
    select * from {{ ref('features.order_progress') }}
),

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
    from {{ recent('order_items', 60) }} as items
    semi join progress
        on progress.order_id = items.order_id
    left join {{ source('products') }} as products
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
    inner join {{ recent('orders', 60) }} as orders
        on orders.order_id = parts.order_id
    left join {{ source('sellers') }} as sellers
        on sellers.seller_id = parts.seller_id
    left join {{ source('customers') }} as customers
        on customers.customer_id = orders.customer_id
),

-- A zip has many points, some of them in the sea.
zips as (
    select
        geolocation_zip_code_prefix as zip,
        radians(avg(cast(geolocation_lat as decimal(9, 6)))) as lat,
        radians(avg(cast(geolocation_lng as decimal(9, 6)))) as lng,
    from {{ source('geolocation') }} as points
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

final as (
    select
        routes.order_id,
        routes.seller_id,
        routes.item_count,  -- Items of the seller
        routes.price,  -- Price of its items, without freight
        routes.freight,  -- Freight of its items
        routes.weight_g,  -- Weight, as far as it is known
        routes.volume_cm3,  -- Volume, as far as it is known
        routes.seller_state,
        routes.customer_state,
        -- How far it goes: same state, near, far
        {{ reach('routes.seller_state', 'routes.customer_state') }} as reach,
        -- NULL for a zip without coordinates
        {{ distance_km('from_zip', 'to_zip') }} as distance_km,
    from routes
    left join zips as from_zip
        on from_zip.zip = routes.seller_zip
    left join zips as to_zip
        on to_zip.zip = routes.customer_zip
)

select * from final
