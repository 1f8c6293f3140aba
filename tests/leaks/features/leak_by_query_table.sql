{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from query_table('sources.order_items') -- <<
group by seller_id
