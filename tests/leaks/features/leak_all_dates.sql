{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, max(order_count) as x
from features.clean_sales -- <<
group by seller_id
