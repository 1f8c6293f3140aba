{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, 1 as x from {{ source('sellers') }}
except
select seller_id, 1 from sources.sellers where seller_city = 'x' -- <<
