select
    `product_category_name`,
    `product_category_name_english`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_product_category_name_translation) as q
