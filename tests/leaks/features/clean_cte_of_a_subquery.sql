{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, (with t as (select 1 as one) select one from t) as x from {{ source('sellers') }}
