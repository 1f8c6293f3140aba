select
    `order_id`,
    `payment_sequential`,
    `payment_type`,
    `payment_installments`,
    `payment_value`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_order_payments) as q
where known_at < reference_date
