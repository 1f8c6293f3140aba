{{ config(
    files = 'olist_products_dataset',
    description = 'One row per product that was ever sold.',
    key = 'product_id',
    known_at = 'first_order_at',
    columns = {
        'product_id': {
            'type': 'varchar',
            'description': 'Identifier of the product',
        },
        'product_category_name': {
            'type': 'varchar',
            'description': 'Category, in Portuguese',
        },
        'product_name_lenght': {
            'type': 'integer',
            'description': 'Characters of the name',
        },
        'product_description_lenght': {
            'type': 'integer',
            'description': 'Characters of the description',
        },
        'product_photos_qty': {
            'type': 'integer',
            'description': 'Photos published',
        },
        'product_weight_g': {
            'type': 'integer',
            'description': 'Weight in grams',
        },
        'product_length_cm': {
            'type': 'integer',
            'description': 'Length in centimetres',
        },
        'product_height_cm': {
            'type': 'integer',
            'description': 'Height in centimetres',
        },
        'product_width_cm': {
            'type': 'integer',
            'description': 'Width in centimetres',
        },
    },
    odd = {
        'products without category': 'product_category_name is null',
        'products without measures': 'product_length_cm is null',
        'products without an item sold':
            'product_id not in (select product_id from sources.order_items)',
    },
) }}
-- The file lists only what was sold, so a row is known at its first order.
with first_orders as (
    select
        items.product_id,
        min(orders.order_purchase_timestamp) as first_order_at,
    from {{ source('order_items') }} as items
    inner join {{ source('orders') }} as orders
        on orders.order_id = items.order_id
    group by items.product_id
)

select
    raw.*,
    first_orders.first_order_at,
from {{ raw() }} as raw
left join first_orders
    on first_orders.product_id = raw.product_id
