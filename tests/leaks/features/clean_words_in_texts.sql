{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, 'now() and current_date from sources.orders' as x from {{ source('sellers') }}
