{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with sources as (select * from {{ source('order_items') }})
select seller_id, count(*) as x from sources group by seller_id
