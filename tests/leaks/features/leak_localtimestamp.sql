{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from {{ source('order_items') }}
where known_at < localtimestamp -- <<
group by seller_id
