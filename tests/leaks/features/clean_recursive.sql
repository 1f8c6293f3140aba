{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with recursive steps as (select 1 as x union all select x + 1 from steps where x < 3)
select seller_id, (select max(x) from steps) as x from {{ source('sellers') }}
