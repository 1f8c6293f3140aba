{{ config(
    files = 'olist_customers_dataset',
    description = '
        One row per customer_id, which stands for one order of a person.
    ',
    key = 'customer_id',
    known_at = 'first_order_at',
    columns = {
        'customer_id': {
            'type': 'varchar',
            'description': 'Key that orders refer to: one per order',
        },
        'customer_unique_id': {
            'type': 'varchar',
            'description': 'Identifier of the person',
        },
        'customer_zip_code_prefix': {
            'type': 'varchar',
            'digits': 5,
            'description': 'Zip code prefix: 5 digits, with leading zeros',
        },
        'customer_city': {
            'type': 'varchar',
            'description': 'City of the customer',
        },
        'customer_state': {
            'type': 'varchar',
            'description': 'State of the customer, two letters',
        },
    },
    odd = {
        'customers without an order':
            'customer_id not in (select customer_id from sources.orders)',
    },
) }}
-- The file lists only those who bought, so a row is known at its first order.
with first_orders as (
    select
        customer_id,
        min(order_purchase_timestamp) as first_order_at,
    from {{ source('orders') }}
    group by customer_id
)

select
    raw.*,
    first_orders.first_order_at,
from {{ raw() }} as raw
left join first_orders
    on first_orders.customer_id = raw.customer_id
