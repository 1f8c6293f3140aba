{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, order_count as x
from {{ ref('features.clean_sales') | replace('2018-03-01', '2018-05-01') }} as l -- <<
