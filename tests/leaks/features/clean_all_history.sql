{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, avg(count(*)) over () as x from {{ source('order_items') }} group by seller_id
