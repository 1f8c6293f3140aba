{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, current_date as x from (select seller_id, {{ reference_date }} as current_date from {{ source('sellers') }})
