{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
from sources.order_items -- <<
select seller_id, count(*) as x group by seller_id
