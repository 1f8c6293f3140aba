{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, max(order_count) as x
from {{ ref('features.clean_sales') | replace('where reference_date', 'where true or reference_date') }} as l -- <<
group by seller_id
