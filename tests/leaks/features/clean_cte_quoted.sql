{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with "my items" as (select * from {{ source('order_items') }})
select seller_id, count(*) as x from "my items" group by seller_id
