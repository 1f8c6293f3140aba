{{ config(description = 'Raw table: one row per item of an order.') }}
select
    {{ identifier('order', 'order_no') }} as order_id,
    item_no::integer as order_item_id,
    {{ identifier('product', 'product_no') }} as product_id,
    {{ identifier('seller', 'seller_no') }} as seller_id,
    shipping_limit_at as shipping_limit_date,
    price::decimal(12, 2) as price,
    freight_value::decimal(12, 2) as freight_value,
from {{ ref('sample.baskets') }}
