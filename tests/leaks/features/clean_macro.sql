{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, {{ ratio('count(*)', 'count(distinct order_id)') }} as x from {{ source('order_items') }} group by seller_id
