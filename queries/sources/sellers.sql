{{ config(
    files = 'olist_sellers_dataset',
    description = 'One row per seller that ever sold.',
    key = 'seller_id',
    known_at = 'first_order_at',
    columns = {
        'seller_id': {
            'type': 'varchar',
            'description': 'Identifier of the seller',
        },
        'seller_zip_code_prefix': {
            'type': 'varchar',
            'digits': 5,
            'description': 'Zip code prefix: 5 digits, with leading zeros',
        },
        'seller_city': {
            'type': 'varchar',
            'description': 'City of the seller',
        },
        'seller_state': {
            'type': 'varchar',
            'description': 'State of the seller, two letters',
        },
    },
    odd = {
        'sellers without an item sold':
            'seller_id not in (select seller_id from sources.order_items)',
    },
) }}
-- The file lists only those who sold, so a row is known at its first order.
with first_orders as (
    select
        items.seller_id,
        min(orders.order_purchase_timestamp) as first_order_at,
    from {{ source('order_items') }} as items
    inner join {{ source('orders') }} as orders
        on orders.order_id = items.order_id
    group by items.seller_id
)

select
    raw.*,
    first_orders.first_order_at,
from {{ raw() }} as raw
left join first_orders
    on first_orders.seller_id = raw.seller_id
