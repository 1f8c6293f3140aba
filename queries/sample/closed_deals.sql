{{ config(
    description = 'Raw table: one row per lead won. Its seller_id is in '
        ~ 'sellers only if it ever sold.',
) }}
select
    {{ identifier('lead', 'lead_no') }} as mql_id,
    {{ identifier('seller', '1000000000 + lead_no') }} as seller_id,
    {{ identifier('development', 'lead_no % 31') }} as sdr_id,
    {{ identifier('representative', 'rep_no') }} as sr_id,
    won_at as won_date,
    segment as business_segment,
    lead_type,
    nullif(profile, 'none') as lead_behaviour_profile,
    case when has_form then {{ uniform('lead_no', 'company') }} < 0.9 end
        as has_company,
    case when has_form then {{ uniform('lead_no', 'gtin') }} < 0.8 end
        as has_gtin,
    case when has_form then {{ pick('lead_no', 'stock', [
        '1-5', '5-20', '20-50', '50-200', '200+', 'unknown',
    ]) }} end as average_stock,
    business_type,
    case when has_form then declared_size end
        as declared_product_catalog_size,
    case when has_form then declared_revenue else 0 end
        as declared_monthly_revenue,
from {{ ref('sample.deals_plan') }}
