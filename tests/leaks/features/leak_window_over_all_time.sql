{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select distinct seller_id,
    count(*) over (partition by seller_id) as x
from sources.order_items -- <<
