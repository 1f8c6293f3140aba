{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from sources.order_items_as_of({{ reference_date }} + 30) -- <<
group by seller_id
