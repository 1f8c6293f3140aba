{{ config(description = 'Raw table: one row per order.') }}
select
    {{ identifier('order', 'order_no') }} as order_id,
    {{ identifier('customer', 'order_no') }} as customer_id,
    status as order_status,
    purchased_at as order_purchase_timestamp,
    approved_at as order_approved_at,
    handed_over_at as order_delivered_carrier_date,
    delivered_at as order_delivered_customer_date,
    promised_at as order_estimated_delivery_date,
from {{ ref('sample.fates') }}
