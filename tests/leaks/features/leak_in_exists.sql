{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, 1 as x
from {{ source('sellers') }} as s
where exists (select 1 from sources.order_items as i where i.seller_id = s.seller_id) -- <<
