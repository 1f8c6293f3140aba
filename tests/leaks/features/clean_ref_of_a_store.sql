{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, order_count + 1 as x from {{ ref('features.clean_sales') }}
