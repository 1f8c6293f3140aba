select
    `seller_id`,
    `seller_zip_code_prefix`,
    `seller_city`,
    `seller_state`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_sellers) as q
where known_at < reference_date
