select
    `customer_id`,
    `customer_unique_id`,
    `customer_zip_code_prefix`,
    `customer_city`,
    `customer_state`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_customers) as q
where known_at < reference_date
