{{ config(
    description = 'Raw table: one row per payment; a few orders are paid with '
        ~ 'a card and vouchers.',
) }}
with totals as (
    select
        order_no,
        round(sum(price + freight_value), 2) as total_brl,
    from {{ ref('sample.baskets') }}
    group by order_no
),

-- What was ordered and taken out again was still paid for. Dear things are
-- paid in more instalments.
orders as (
    select
        purchases.order_no,
        purchases.payment_type,
        coalesce(total_brl, 60.0) as total_brl,
        case
            when purchases.payment_type != 'credit_card' then 1
            when {{ uniform('purchases.order_no', 'at once') }} < 0.22 then 1
            when total_brl < 60 then {{ pick('purchases.order_no', 'small', [
                1, 1, 1, 1, 2, 2, 2, 3, 3, 4,
            ]) }}
            when total_brl < 150 then {{ pick('purchases.order_no', 'usual', [
                1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 8, 10,
            ]) }}
            else {{ pick('purchases.order_no', 'large', [
                1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 8, 8, 10, 10, 10, 12,
            ]) }}
        end as installments,
        case
            when {{ uniform('purchases.order_no', 'split') }} >= 0.026 then 0
            when {{ uniform('purchases.order_no', 'vouchers') }} < 0.8 then 1
            else 2
        end as voucher_count,
        round(coalesce(total_brl, 60.0)
            * (0.1 + 0.6 * {{ uniform('purchases.order_no', 'part') }}), 2)
            as voucher_brl,
    from {{ ref('sample.purchases') }} as purchases
    left join totals
        on totals.order_no = purchases.order_no
),

payments as (
    select
        *,
        unnest(generate_series(1, 1 + voucher_count)) as sequential,
    from orders
)

select
    {{ identifier('order', 'order_no') }} as order_id,
    sequential::integer as payment_sequential,
    case when sequential = 1 then payment_type else 'voucher' end
        as payment_type,
    case when sequential = 1 then installments else 1 end
        as payment_installments,
    (case
        when voucher_count = 0 then total_brl
        when sequential = 1 then total_brl - voucher_brl
        when voucher_count = 1 then voucher_brl
        when sequential = 2 then round(0.6 * voucher_brl, 2)
        else voucher_brl - round(0.6 * voucher_brl, 2)
    end)::decimal(12, 2) as payment_value,
from payments
