{{ config(
    files = 'olist_order_items_dataset',
    description = 'One row per item of an order.',
    key = ['order_id', 'order_item_id'],
    known_at = 'order_purchase_timestamp',
    columns = {
        'order_id': {
            'type': 'varchar',
            'description': 'Key of orders',
        },
        'order_item_id': {
            'type': 'integer',
            'description': 'Number of the item within its order, from 1',
        },
        'product_id': {
            'type': 'varchar',
            'description': 'Key of products',
        },
        'seller_id': {
            'type': 'varchar',
            'description': 'Key of sellers: an order may have several',
        },
        'shipping_limit_date': {
            'type': 'timestamp',
            'known_at': 'shipping_limit_date',
            'description': '
                By when the seller has to hand over; set at approval, so its own
                day is the latest that it can have been known
            ',
        },
        'price': {
            'type': 'decimal(12, 2)',
            'description': 'Price of the item in BRL, without freight',
        },
        'freight_value': {
            'type': 'decimal(12, 2)',
            'description': 'Freight of the item in BRL',
        },
    },
    odd = {
        'items of an order that is not there':
            'order_id not in (select order_id from sources.orders)',
        'items of a product that is not there':
            'product_id not in (select product_id from sources.products)',
        'items of a seller that is not there':
            'seller_id not in (select seller_id from sources.sellers)',
        'items at no price': 'price <= 0',
    },
) }}
-- order_purchase_timestamp is there for known_at only; it is not stored.
select
    raw.*,
    orders.order_purchase_timestamp,
from {{ raw() }} as raw
left join {{ source('orders') }} as orders
    on orders.order_id = raw.order_id
