{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from SOURCES.ORDER_ITEMS -- <<
group by seller_id
