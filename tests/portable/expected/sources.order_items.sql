select
    `order_id`,
    `order_item_id`,
    `product_id`,
    `seller_id`,
    case when (shipping_limit_date) < reference_date then `shipping_limit_date` end as `shipping_limit_date`,
    `price`,
    `freight_value`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_order_items) as q
where known_at < reference_date
