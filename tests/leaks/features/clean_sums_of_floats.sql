{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, sum(price::double * 0.1) / 3 as x, stddev(freight_value::double) as y from {{ source('order_items') }} group by seller_id
