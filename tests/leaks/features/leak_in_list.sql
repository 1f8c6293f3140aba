{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, 1 as x
from {{ source('sellers') }}
where seller_id in (select seller_id from sources.order_items) -- <<
