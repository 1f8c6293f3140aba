{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, max(current_date) as x
from (unpivot (select seller_id, price, freight_value from {{ source('order_items') }}) on price, freight_value into name current_date value money)
group by seller_id
