{{ config(
    entity = 'seller',
    key = 'seller_id',
    label = 'is_churned',
    description = '
        One row per seller whose last order is at most 45 days old, with all
        that the six feature stores know of it, and whether it sells again
        within 45 days of that order.
    ',
    checks = [
        'recency_days between 1 and 45',
        'horizon_days between 1 and 45',
        'product_count is not null and customer_state_count is not null',
    ],
) }}
{% set stores = ['reviews', 'customers', 'delivery', 'payments', 'products'] %}
with population as (
    select
        *,
        -- Days, from the reference date on, in which an order has to come:
        -- 46 - recency_days
        {{ patience_days() }} + 1 - recency_days as horizon_days,
    from {{ ref('features.seller_sales') }}
    where recency_days <= {{ patience_days() }}
),

-- What is still to come: the outcome, and only the label is made of it.
next_orders as (
    select
        seller_id,
        {{ day_of('min(known_at)') }} as next_day,
    from {{ outcome('order_items') }}
    where known_at >= {{ reference_date }}
    group by seller_id
),

final as (
    select
        population.* exclude (reference_date),
    {% for store in stores %}
        {{ store }}.* exclude (reference_date, seller_id),
    {% endfor %}
        -- The day after the 45th day after the last order
        {{ days_after(reference_date, 'horizon_days') }} as label_known_on,
        -- 1 when the seller has no order from the reference date up to and
        -- including the 45th day after its last one, else 0
        case when next_orders.next_day < label_known_on then 0 else 1 end
            as is_churned,
    from population
{% for store in stores %}
    left join {{ ref('features.seller_' ~ store) }} as {{ store }}
        on {{ store }}.seller_id = population.seller_id
{% endfor %}
    left join next_orders
        on next_orders.seller_id = population.seller_id
)

select * from final
