{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with items as (select * from {{ source('order_items') }})
select seller_id, count(*) as x
from items tablesample 50% -- <<
group by seller_id
