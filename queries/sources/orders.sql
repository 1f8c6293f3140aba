{{ config(
    files = 'olist_orders_dataset',
    description = 'One row per order.',
    key = 'order_id',
    known_at = 'order_purchase_timestamp',
    columns = {
        'order_id': {
            'type': 'varchar',
            'description': 'Identifier of the order',
        },
        'customer_id': {
            'type': 'varchar',
            'description': 'Key of customers: one per order, not per person',
        },
        'order_status': {
            'type': 'varchar',
            'as_of': "
                case
                    when order_status in ('canceled', 'unavailable')
                        and order_estimated_delivery_date < reference_date
                        then order_status
                    when order_delivered_customer_date < reference_date
                        then 'delivered'
                    when order_status in ('processing', 'invoiced')
                        and order_estimated_delivery_date < reference_date
                        then order_status
                    when order_status = 'delivered'
                        and order_delivered_customer_date is null
                        and order_estimated_delivery_date < reference_date
                        then order_status
                    when order_delivered_carrier_date < reference_date
                        then 'shipped'
                    when order_status = 'shipped'
                        and order_delivered_carrier_date is null
                        and order_estimated_delivery_date < reference_date
                        then order_status
                    when order_approved_at < reference_date
                        then 'approved'
                    when order_status = 'approved'
                        and order_approved_at is null
                        and order_estimated_delivery_date < reference_date
                        then order_status
                    else 'created'
                end",
            'description': '
                The latest step known: a step with a timestamp from that moment
                on, any other (canceled, unavailable, processing, invoiced, a
                delivery without a date) once the promised day has passed
            ',
        },
        'order_purchase_timestamp': {
            'type': 'timestamp',
            'known_at': 'order_purchase_timestamp',
            'description': 'When the customer bought',
        },
        'order_approved_at': {
            'type': 'timestamp',
            'known_at': 'order_approved_at',
            'description': 'When the payment was approved',
        },
        'order_delivered_carrier_date': {
            'type': 'timestamp',
            'known_at': 'order_delivered_carrier_date',
            'description': 'When the seller handed the order to the carrier',
        },
        'order_delivered_customer_date': {
            'type': 'timestamp',
            'known_at': 'order_delivered_customer_date',
            'description': 'When the customer received the order',
        },
        'order_estimated_delivery_date': {
            'type': 'timestamp',
            'static': true,
            'description': '
                Midnight at the start of the promised day, told to the customer
                when buying
            ',
        },
    },
    odd = {
        'orders without items':
            'order_id not in (select order_id from sources.order_items)',
        'orders without payment':
            'order_id not in (select order_id from sources.order_payments)',
        'orders without review':
            'order_id not in (select order_id from sources.order_reviews)',
        'handed to the carrier before approval':
            'order_delivered_carrier_date < order_approved_at',
        'delivered before the carrier had them':
            'order_delivered_customer_date < order_delivered_carrier_date',
        'delivered without a delivery date':
            "order_status = 'delivered'
                and order_delivered_customer_date is null",
        'canceled with a delivery date':
            "order_status = 'canceled'
                and order_delivered_customer_date is not null",
    },
) }}
select * from {{ raw() }}
