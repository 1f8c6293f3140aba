{% set types = ['boleto', 'credit_card', 'voucher', 'debit_card'] %}
{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = 'One row per seller with an order in the 6 months before the reference date: how those orders were paid. Of an order of several sellers each gets a share of the payment, by price plus freight.',
    columns = {
        '*_order_count': 'Distinct orders paid by that type, in whole or in part',
        '*_value_brl': 'Value paid by that type',
        '*_order_share': 'Orders paid by that type / orders with a payment; the shares of an order paid by two types add up to more than 1',
        '*_value_share': 'Value paid by that type / value paid',
        'avg_installments': 'Mean installments of the credit card payments; NULL without one',
        'min_installments': 'Fewest installments of a credit card payment',
        'max_installments': 'Most installments of a credit card payment',
        'median_installments': 'Median installments of the credit card payments',
    },
    checks = [
        'credit_card_order_share between 0 and 1',
        'boleto_value_share between 0 and 1.000001',
        'min_installments <= max_installments',
    ],
) }}
-- Orders, their items, payments and customers are known when bought, reviews
-- later, so the window is one of known_at.
with items as (
    select *
    from {{ source('order_items') }}
    where known_at >= {{ months_before(reference_date, 6) }}
),

payments as (
    select *
    from {{ source('order_payments') }}
    where known_at >= {{ months_before(reference_date, 6) }}
),

seller_orders as (
    select
        seller_id,
        order_id,
        sum(price + freight_value) as value,
    from items
    group by seller_id, order_id
),

order_values as (
    select
        order_id,
        sum(value) as value,
    from seller_orders
    group by order_id
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

seller_payments as (
    select
        seller_orders.seller_id,
        {{ ratio('seller_orders.value', 'order_values.value') }} as share,
        order_payments.*,
    from seller_orders
    inner join order_values
        on order_values.order_id = seller_orders.order_id
    left join order_payments
        on order_payments.order_id = seller_orders.order_id
),

totals as (
    select
        seller_id,
        count(order_id) as order_count,
        coalesce({{ exact_sum('value * share') }}, 0) as value,
    {% for type in types %}
        count(*) filter (where has_{{ type }}) as {{ type }}_order_count,
        coalesce({{ exact_sum(type ~ '_value * share') }}, 0)
            as {{ type }}_value_brl,
    {% endfor %}
    from seller_payments
    group by seller_id
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
        totals.{{ type }}_order_count,
        totals.{{ type }}_value_brl,
        {{ ratio('totals.' ~ type ~ '_order_count', 'totals.order_count') }}
            as {{ type }}_order_share,
        {{ ratio('totals.' ~ type ~ '_value_brl', 'totals.value') }}
            as {{ type }}_value_share,
    {% endfor %}
        installments.avg_installments,
        installments.min_installments,
        installments.max_installments,
        installments.median_installments,
    from totals
    left join installments
        on installments.seller_id = totals.seller_id
)

select * from final
