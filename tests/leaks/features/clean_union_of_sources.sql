{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with items as (select seller_id from {{ source('order_items') }} union all select seller_id from {{ source('sellers') }})
select seller_id, count(*) as x from items group by seller_id
