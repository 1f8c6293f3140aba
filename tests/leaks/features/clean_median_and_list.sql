{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, median(price) as x, list(price order by price, order_id) as y from {{ source('order_items') }} group by seller_id
