{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select s.seller_id, count(*) as x
from {{ source('sellers') }} as s
inner join sources.order_items as i on i.seller_id = s.seller_id -- <<
group by s.seller_id
