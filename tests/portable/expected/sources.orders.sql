select
    `order_id`,
    `customer_id`,
    (
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
                end) as `order_status`,
    case when (order_purchase_timestamp) < reference_date then `order_purchase_timestamp` end as `order_purchase_timestamp`,
    case when (order_approved_at) < reference_date then `order_approved_at` end as `order_approved_at`,
    case when (order_delivered_carrier_date) < reference_date then `order_delivered_carrier_date` end as `order_delivered_carrier_date`,
    case when (order_delivered_customer_date) < reference_date then `order_delivered_customer_date` end as `order_delivered_customer_date`,
    `order_estimated_delivery_date`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_orders) as q
where known_at < reference_date
