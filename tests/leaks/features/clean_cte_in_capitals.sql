{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with Items as (select * from {{ source('order_items') }})
select seller_id, count(*) as x from ITEMS group by seller_id
