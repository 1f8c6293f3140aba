{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, any_value(seller_state) as x from {{ source('sellers') }} group by seller_id
