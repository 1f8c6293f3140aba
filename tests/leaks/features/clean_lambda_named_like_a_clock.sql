{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, list_sum(list_transform([1, 2], lambda current_date: current_date + 1)) as x from {{ source('sellers') }}
