{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id, count(*) as today from {{ source('order_items') }} group by seller_id
