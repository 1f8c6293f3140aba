{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, regexp_matches(seller_city, '^sao') as x, current_x from (select *, 1 as current_x from {{ source('sellers') }})
