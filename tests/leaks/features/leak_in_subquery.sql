{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    (select max(price) from sources.order_items) as x -- <<
from {{ source('sellers') }}
