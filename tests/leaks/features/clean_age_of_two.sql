{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, max(age({{ reference_date }}, known_at)) as x from {{ source('order_items') }} group by seller_id
