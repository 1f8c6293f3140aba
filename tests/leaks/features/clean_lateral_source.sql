{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select s.seller_id, l.x from {{ source('sellers') }} as s, lateral (select count(*) as x from {{ source('order_items') }} as i where i.seller_id = s.seller_id) as l
