
with progress as (
    select * from (select * from features_order_progress where reference_date = date '2018-03-01')
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
            * products.product_width_cm) as volume_cm3
    from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '60' day as date)) as items
    semi join progress
        on progress.order_id = items.order_id
    left join products_as_of as products
        on products.product_id = items.product_id
    group by items.order_id, items.seller_id
),

routes as (
    select
        parts.*,
        sellers.seller_state,
        sellers.seller_zip_code_prefix as seller_zip,
        customers.customer_state,
        customers.customer_zip_code_prefix as customer_zip
    from parts
    inner join (select * from orders_as_of
        where known_at >= cast(date '2018-03-01' - interval '60' day as date)) as orders
        on orders.order_id = parts.order_id
    left join sellers_as_of as sellers
        on sellers.seller_id = parts.seller_id
    left join customers_as_of as customers
        on customers.customer_id = orders.customer_id
),

-- A zip has many points, some of them in the sea.
zips as (
    select
        geolocation_zip_code_prefix as zip,
        radians((sum(case when typeof(geolocation_lat) in ('double', 'float') then cast(cast(round((geolocation_lat) * 1e6D) as bigint) * 1e-6BD as decimal(9, 6)) else cast(geolocation_lat as decimal(9, 6)) end) / 1D / nullif(count(case when typeof(geolocation_lat) in ('double', 'float') then cast(cast(round((geolocation_lat) * 1e6D) as bigint) * 1e-6BD as decimal(9, 6)) else cast(geolocation_lat as decimal(9, 6)) end), 0))) as lat,
        radians((sum(case when typeof(geolocation_lng) in ('double', 'float') then cast(cast(round((geolocation_lng) * 1e6D) as bigint) * 1e-6BD as decimal(9, 6)) else cast(geolocation_lng as decimal(9, 6)) end) / 1D / nullif(count(case when typeof(geolocation_lng) in ('double', 'float') then cast(cast(round((geolocation_lng) * 1e6D) as bigint) * 1e-6BD as decimal(9, 6)) else cast(geolocation_lng as decimal(9, 6)) end), 0))) as lng
    from geolocation_as_of as points
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
        case
            when routes.seller_state = routes.customer_state then 'same state'
            when routes.customer_state in (
                'SP', 'RJ', 'MG', 'ES', 'PR', 'SC', 'RS', 'DF', 'GO', 'MS'
            ) then 'near'
            else 'far'
        end as reach,
        -- NULL for a zip without coordinates
        2 * 6371 * asin(sqrt(
            power(sin((to_zip.lat - from_zip.lat) / 1D / 2), 2)
                + cos(from_zip.lat) * cos(to_zip.lat)
                    * power(sin((to_zip.lng - from_zip.lng) / 1D / 2), 2)
        )) as distance_km
    from routes
    left join zips as from_zip
        on from_zip.zip = routes.seller_zip
    left join zips as to_zip
        on to_zip.zip = routes.customer_zip
)

select * from final
