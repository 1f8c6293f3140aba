{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = '
        One row per seller with an order in the 6 months before the reference
        date: how those orders were paid. Of an order of several sellers each
        gets a share of the payment, by price plus freight.
    ',
    checks = [
        'credit_card_order_share between 0 and 1',
        'boleto_value_share between 0 and 1.000001',
        'min_installments <= max_installments',
    ],
) }}
{% set types = ['boleto', 'credit_card', 'voucher', 'debit_card'] %}
with seller_orders as (
    select
        seller_id,
        order_id,
        {{ ratio(
            'price + freight',
            'sum(price + freight) over (partition by order_id)',
        ) }} as share,
    from {{ ref('features.seller_orders') }}
),

payments as (
    select * from {{ last_six_months('order_payments') }}
    where payment_value >= 0
),

order_payments as (
    select
        order_id,
        sum(payment_value) as value,
    {% for type in types %}
        count(*) filter (where payment_type = '{{ type }}') > 0
            as has_{{ type }},
        sum(payment_value) filter (where payment_type = '{{ type }}')
            as {{ type }}_value,
    {% endfor %}
    from payments
    group by order_id
),

totals as (
    select
        seller_orders.seller_id,
        count(order_payments.order_id) as order_count,
        coalesce({{ exact_sum('value * share') }}, 0) as value,
    {% for type in types %}
        count(*) filter (where has_{{ type }}) as {{ type }}_order_count,
        coalesce({{ exact_sum(type ~ '_value * share') }}, 0)
            as {{ type }}_value_brl,
    {% endfor %}
    from seller_orders
    left join order_payments
        on order_payments.order_id = seller_orders.order_id
    group by seller_orders.seller_id
),

installments as (
    select
        seller_orders.seller_id,
        avg(payments.payment_installments) as avg_installments,
        min(payments.payment_installments) as min_installments,
        max(payments.payment_installments) as max_installments,
        median(payments.payment_installments) as median_installments,
    from seller_orders
    inner join payments
        on payments.order_id = seller_orders.order_id
            and payments.payment_type = 'credit_card'
    group by seller_orders.seller_id
),

final as (
    select
        totals.seller_id,
    {% for type in types %}
        -- Distinct orders paid by {{ type }}, in whole or in part
        totals.{{ type }}_order_count,
        totals.{{ type }}_value_brl,  -- Value paid by {{ type }}
        -- Orders paid by {{ type }} / orders with a payment; the shares of an
        -- order paid by two types add up to more than 1
        {{ ratio('totals.' ~ type ~ '_order_count', 'totals.order_count') }}
            as {{ type }}_order_share,
        -- Value paid by {{ type }} / value paid
        {{ ratio('totals.' ~ type ~ '_value_brl', 'totals.value') }}
            as {{ type }}_value_share,
    {% endfor %}
        -- Mean installments of the credit card payments; NULL without one
        installments.avg_installments,
        -- Fewest installments of a credit card payment
        installments.min_installments,
        -- Most installments of a credit card payment
        installments.max_installments,
        -- Median installments of the credit card payments
        installments.median_installments,
    from totals
    left join installments
        on installments.seller_id = totals.seller_id
)

select * from final
