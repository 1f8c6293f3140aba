{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x from {{ source('order_items') }} where known_at >= {{ days_before(reference_date, 90) }} group by seller_id
