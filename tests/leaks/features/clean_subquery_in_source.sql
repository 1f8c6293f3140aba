{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, (select max(price) from {{ source('order_items') }}) as x from {{ source('sellers') }}
