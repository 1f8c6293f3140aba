{% set patience_days = 45 %}
{{ config(
    entity = 'seller',
    key = 'seller_id',
    label = 'is_churned',
    description = 'One row per seller whose last order is at most 45 days old, with all that the six feature stores know of it, and whether it sells again within 45 days of that order.',
    columns = {
        'is_churned': '1 when the seller has no order from the reference date up to and including the 45th day after its last one, else 0',
        'label_known_on': 'The day after the 45th day after the last order',
        'horizon_days': 'Days, from the reference date on, in which an order has to come: 46 - recency_days',
        '*': 'As in the feature stores',
    },
    checks = [
        'recency_days between 1 and 45',
        'horizon_days between 1 and 45',
        'product_count is not null and customer_state_count is not null',
    ],
) }}
with sales as (
    select * from {{ ref('features.seller_sales') }}
),

reviews as (
    select * from {{ ref('features.seller_reviews') }}
),

customers as (
    select * from {{ ref('features.seller_customers') }}
),

delivery as (
    select * from {{ ref('features.seller_delivery') }}
),

payments as (
    select * from {{ ref('features.seller_payments') }}
),

products as (
    select * from {{ ref('features.seller_products') }}
),

population as (
    select
        *,
        {{ patience_days }} + 1 - recency_days as horizon_days,
        {{ days_after(reference_date, patience_days ~ ' + 1 - recency_days') }}
            as label_known_on,
    from sales
    where recency_days <= {{ patience_days }}
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
        population.* exclude (reference_date, label_known_on),
        reviews.* exclude (reference_date, seller_id),
        customers.* exclude (reference_date, seller_id),
        delivery.* exclude (reference_date, seller_id),
        payments.* exclude (reference_date, seller_id),
        products.* exclude (reference_date, seller_id),
        case when next_orders.next_day < population.label_known_on
            then 0 else 1
        end as is_churned,
        population.label_known_on,
    from population
    left join reviews
        on reviews.seller_id = population.seller_id
    left join customers
        on customers.seller_id = population.seller_id
    left join delivery
        on delivery.seller_id = population.seller_id
    left join payments
        on payments.seller_id = population.seller_id
    left join products
        on products.seller_id = population.seller_id
    left join next_orders
        on next_orders.seller_id = population.seller_id
)

select * from final
