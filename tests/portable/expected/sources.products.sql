select
    `product_id`,
    `product_category_name`,
    `product_name_lenght`,
    `product_description_lenght`,
    `product_photos_qty`,
    `product_weight_g`,
    `product_length_cm`,
    `product_height_cm`,
    `product_width_cm`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_products) as q
where known_at < reference_date
