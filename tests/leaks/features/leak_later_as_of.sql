{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from sources.order_items_as_of(date '2018-12-01') -- <<
group by seller_id
