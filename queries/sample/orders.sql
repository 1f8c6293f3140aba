{{ config(description = 'Raw table: one row per order.') }}
-- As in any export, a few moments are wrong: one order in twenty thousand of
-- each kind.
with slips as (
    select
        *,
        floor(20000 * {{ uniform('order_no', 'slip') }})::integer as slip,
    from {{ ref('sample.fates') }}
)

select
    {{ identifier('order', 'order_no') }} as order_id,
    {{ identifier('customer', 'order_no') }} as customer_id,
    status as order_status,
    purchased_at as order_purchase_timestamp,
    -- before the purchase: paid, handed over, delivered
    case
        when slip = 0 then approved_at - interval 30 day
        else approved_at
    end as order_approved_at,
    case
        when slip = 1 then handed_over_at - interval 170 day
        else handed_over_at
    end as order_delivered_carrier_date,
    case
        when slip = 2 then delivered_at - interval 90 day
        -- before the hand-over
        when slip = 3 then handed_over_at - interval 1 day
        else delivered_at
    end as order_delivered_customer_date,
    -- promised for a day before the purchase
    case
        when slip = 4 then promised_at - interval 60 day
        else promised_at
    end as order_estimated_delivery_date,
from slips
