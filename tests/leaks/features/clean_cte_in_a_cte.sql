{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with a as (with b as (select * from {{ source('order_items') }}) select * from b)
select seller_id, count(*) as x from a group by seller_id
