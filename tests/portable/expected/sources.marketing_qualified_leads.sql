select
    `mql_id`,
    case when (first_contact_date) < reference_date then `first_contact_date` end as `first_contact_date`,
    `landing_page_id`,
    `origin`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_marketing_qualified_leads) as q
where known_at < reference_date
