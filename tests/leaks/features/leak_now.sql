{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    date_diff('day', min(known_at), now()::timestamp) as x -- <<
from {{ source('order_items') }}
group by seller_id
