{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, sum(n) as x from (select seller_id, unnest([1, 2, 3]) as n from {{ source('sellers') }}) group by seller_id
