select
    `mql_id`,
    `seller_id`,
    `sdr_id`,
    `sr_id`,
    case when (won_date) < reference_date then `won_date` end as `won_date`,
    `business_segment`,
    `lead_type`,
    `lead_behaviour_profile`,
    `has_company`,
    `has_gtin`,
    `average_stock`,
    `business_type`,
    `declared_product_catalog_size`,
    `declared_monthly_revenue`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_closed_deals) as q
where known_at < reference_date
