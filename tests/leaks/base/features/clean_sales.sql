{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(distinct order_id) as order_count, sum(price) as x
from {{ source('order_items') }}
group by seller_id
