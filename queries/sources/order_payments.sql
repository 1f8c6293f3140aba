{{ config(
    files = 'olist_order_payments_dataset',
    description = 'One row per payment of an order.',
    key = ['order_id', 'payment_sequential'],
    known_at = 'order_purchase_timestamp',
    columns = {
        'order_id': {
            'type': 'varchar',
            'description': 'Key of orders',
        },
        'payment_sequential': {
            'type': 'integer',
            'description': 'Number of the payment within its order, from 1',
        },
        'payment_type': {
            'type': 'varchar',
            'description': '
                boleto, credit_card, voucher, debit_card or not_defined
            ',
        },
        'payment_installments': {
            'type': 'integer',
            'description': 'In how many parts the customer pays',
        },
        'payment_value': {
            'type': 'decimal(12, 2)',
            'description': 'Value of the payment in BRL',
        },
    },
    odd = {
        'payments of an order that is not there':
            'order_id not in (select order_id from sources.orders)',
        'payments of no defined type': "payment_type = 'not_defined'",
        'payments of value 0': 'payment_value = 0',
        'payments in 0 installments': 'payment_installments = 0',
    },
) }}
-- order_purchase_timestamp is there for known_at only; it is not stored.
select
    raw.*,
    orders.order_purchase_timestamp,
from {{ raw() }} as raw
left join {{ source('orders') }} as orders
    on orders.order_id = raw.order_id
