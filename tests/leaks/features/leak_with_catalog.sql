{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from warehouse.sources.order_items -- <<
group by seller_id
