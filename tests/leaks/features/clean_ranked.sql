{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, rank() over (order by count(*) desc) as x from {{ source('order_items') }} group by seller_id
