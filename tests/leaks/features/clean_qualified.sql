{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, price as x from {{ source('order_items') }} qualify row_number() over (partition by seller_id order by known_at, order_id, order_item_id) = 1
