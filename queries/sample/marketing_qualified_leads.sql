{{ config(description = 'Raw table: one row per lead of the funnel.') }}
select
    {{ identifier('lead', 'lead_no') }} as mql_id,
    first_contact_on as first_contact_date,
    {{ identifier('page', 'page_no') }} as landing_page_id,
    origin,
from {{ ref('sample.leads_plan') }}
