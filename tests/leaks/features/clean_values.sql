{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, (select sum(n) from (values (1), (2)) as v(n)) as x from {{ source('sellers') }}
