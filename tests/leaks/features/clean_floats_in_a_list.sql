{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, [avg(price), sum(price)] as x, {'mean': avg(freight_value)} as y from {{ source('order_items') }} group by seller_id
