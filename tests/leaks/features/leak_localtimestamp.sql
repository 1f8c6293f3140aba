{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id, count(*) as x
from {{ source('order_items') }}
where known_at < localtimestamp -- <<
group by seller_id
