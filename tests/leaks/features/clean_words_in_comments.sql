{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
-- not now(), not random(), not from sources.orders
select seller_id, 1 as x /* current_date */ from {{ source('sellers') }}
