
with seller_orders as (
    select
        seller_id,
        order_id,
        (cast(price + freight as double) / nullif(sum(price + freight) over (partition by order_id), 0)) as share
    from (select * from features_seller_orders where reference_date = date '2018-03-01')
),

payments as (
    select * from (select * from order_payments_as_of
        where known_at >= cast(date '2018-03-01' - interval '6' month as date))
    where payment_value >= 0
),

order_payments as (
    select
        order_id,
        sum(payment_value) as value,
        count(*) filter (where payment_type = 'boleto') > 0
            as has_boleto,
        sum(payment_value) filter (where payment_type = 'boleto')
            as boleto_value,
        count(*) filter (where payment_type = 'credit_card') > 0
            as has_credit_card,
        sum(payment_value) filter (where payment_type = 'credit_card')
            as credit_card_value,
        count(*) filter (where payment_type = 'voucher') > 0
            as has_voucher,
        sum(payment_value) filter (where payment_type = 'voucher')
            as voucher_value,
        count(*) filter (where payment_type = 'debit_card') > 0
            as has_debit_card,
        sum(payment_value) filter (where payment_type = 'debit_card')
            as debit_card_value
    from payments
    group by order_id
),

totals as (
    select
        seller_orders.seller_id,
        count(order_payments.order_id) as order_count,
        coalesce(cast(sum(case when typeof(value * share) in ('double', 'float') then cast(cast(round((value * share) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(value * share as decimal(38, 12)) end) as double), 0) as value,
        count(*) filter (where has_boleto) as boleto_order_count,
        coalesce(cast(sum(case when typeof(boleto_value * share) in ('double', 'float') then cast(cast(round((boleto_value * share) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(boleto_value * share as decimal(38, 12)) end) as double), 0)
            as boleto_value_brl,
        count(*) filter (where has_credit_card) as credit_card_order_count,
        coalesce(cast(sum(case when typeof(credit_card_value * share) in ('double', 'float') then cast(cast(round((credit_card_value * share) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(credit_card_value * share as decimal(38, 12)) end) as double), 0)
            as credit_card_value_brl,
        count(*) filter (where has_voucher) as voucher_order_count,
        coalesce(cast(sum(case when typeof(voucher_value * share) in ('double', 'float') then cast(cast(round((voucher_value * share) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(voucher_value * share as decimal(38, 12)) end) as double), 0)
            as voucher_value_brl,
        count(*) filter (where has_debit_card) as debit_card_order_count,
        coalesce(cast(sum(case when typeof(debit_card_value * share) in ('double', 'float') then cast(cast(round((debit_card_value * share) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(debit_card_value * share as decimal(38, 12)) end) as double), 0)
            as debit_card_value_brl
    from seller_orders
    left join order_payments
        on order_payments.order_id = seller_orders.order_id
    group by seller_orders.seller_id
),

installments as (
    select
        seller_orders.seller_id,
        (sum(payments.payment_installments) / 1D / nullif(count(payments.payment_installments), 0)) as avg_installments,
        min(payments.payment_installments) as min_installments,
        max(payments.payment_installments) as max_installments,
        median(case when typeof(payments.payment_installments) like 'decimal%' then raise_error('the median of decimals differs: cast them to double') else payments.payment_installments end) as median_installments
    from seller_orders
    inner join payments
        on payments.order_id = seller_orders.order_id
            and payments.payment_type = 'credit_card'
    group by seller_orders.seller_id
),

final as (
    select
        totals.seller_id,
        -- Distinct orders paid by boleto, in whole or in part
        totals.boleto_order_count,
        totals.boleto_value_brl,  -- Value paid by boleto
        -- Orders paid by boleto / orders with a payment; the shares of an
        -- order paid by two types add up to more than 1
        (cast(totals.boleto_order_count as double) / nullif(totals.order_count, 0))
            as boleto_order_share,
        -- Value paid by boleto / value paid
        (cast(totals.boleto_value_brl as double) / nullif(totals.value, 0))
            as boleto_value_share,
        -- Distinct orders paid by credit_card, in whole or in part
        totals.credit_card_order_count,
        totals.credit_card_value_brl,  -- Value paid by credit_card
        -- Orders paid by credit_card / orders with a payment; the shares of an
        -- order paid by two types add up to more than 1
        (cast(totals.credit_card_order_count as double) / nullif(totals.order_count, 0))
            as credit_card_order_share,
        -- Value paid by credit_card / value paid
        (cast(totals.credit_card_value_brl as double) / nullif(totals.value, 0))
            as credit_card_value_share,
        -- Distinct orders paid by voucher, in whole or in part
        totals.voucher_order_count,
        totals.voucher_value_brl,  -- Value paid by voucher
        -- Orders paid by voucher / orders with a payment; the shares of an
        -- order paid by two types add up to more than 1
        (cast(totals.voucher_order_count as double) / nullif(totals.order_count, 0))
            as voucher_order_share,
        -- Value paid by voucher / value paid
        (cast(totals.voucher_value_brl as double) / nullif(totals.value, 0))
            as voucher_value_share,
        -- Distinct orders paid by debit_card, in whole or in part
        totals.debit_card_order_count,
        totals.debit_card_value_brl,  -- Value paid by debit_card
        -- Orders paid by debit_card / orders with a payment; the shares of an
        -- order paid by two types add up to more than 1
        (cast(totals.debit_card_order_count as double) / nullif(totals.order_count, 0))
            as debit_card_order_share,
        -- Value paid by debit_card / value paid
        (cast(totals.debit_card_value_brl as double) / nullif(totals.value, 0))
            as debit_card_value_share,
        -- Mean installments of the credit card payments; NULL without one
        installments.avg_installments,
        -- Fewest installments of a credit card payment
        installments.min_installments,
        -- Most installments of a credit card payment
        installments.max_installments,
        -- Median installments of the credit card payments
        installments.median_installments
    from totals
    left join installments
        on installments.seller_id = totals.seller_id
)

select * from final
