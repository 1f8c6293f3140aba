{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with order_items as (select * from {{ source('order_items') }})
select seller_id, count(*) as x from order_items group by seller_id
