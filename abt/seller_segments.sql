{{ config(
    entity = 'seller',
    key = 'seller_id',
    label = 'is_silent',
    description = '
        One row per seller with an order in the 180 days before the reference
        date: what it sells, how it serves, and whether it falls silent.
    ',
    checks = [
        'recency_days between 1 and 180',
        'revenue_brl >= 0 and order_count > 0',
        'product_count > 0',
    ],
) }}
{% set stores = ['reviews', 'customers', 'delivery', 'products'] %}
with population as (
    select * from {{ ref('features.seller_sales') }}
    where recency_days <= 180
),

-- What is still to come: the outcome, and only the label is made of it.
next_orders as (
    select distinct seller_id
    from {{ outcome('order_items') }}
    where known_at >= {{ reference_date }}
        and known_at < {{ days_after(reference_date, patience_days()) }}
),

final as (
    select
        population.* exclude (reference_date),
    {% for store in stores %}
        {{ store }}.* exclude (reference_date, seller_id),
    {% endfor %}
        -- 1 when the seller has no order in the 45 days from the reference date
        -- on, else 0
        (next_orders.seller_id is null)::integer as is_silent,
        -- 45 days after the reference date
        {{ days_after(reference_date, patience_days()) }} as label_known_on,
    from population
{% for store in stores %}
    left join {{ ref('features.seller_' ~ store) }} as {{ store }}
        on {{ store }}.seller_id = population.seller_id
{% endfor %}
    left join next_orders
        on next_orders.seller_id = population.seller_id
)

select * from final
