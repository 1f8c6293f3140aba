{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, seller_city.upper() as x from {{ source('sellers') }}
