{{ config(entity = 'seller', key = 'seller_id', description = 'Clean.') }}
select seller_id, count(*) as items
from {{ source('order_items') | upper }}
group by seller_id
