{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) filter (where known_at >= {{ reference_date }}) as x from {{ source('order_items') }} group by seller_id
