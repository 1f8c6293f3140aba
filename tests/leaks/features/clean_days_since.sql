{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, date_diff('day', max(known_at)::date, {{ reference_date }}) as x from {{ source('order_items') }} group by seller_id
