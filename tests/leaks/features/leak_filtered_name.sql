{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from {{ source('order_items') | replace('_as_of', '_as_of') | upper | lower | replace('2018-03', '2018-04') }} -- <<
group by seller_id
