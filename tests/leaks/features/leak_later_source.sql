{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from {{ source('order_items') | replace("_as_of(date '2018-03-01')", '') }} -- <<
group by seller_id
