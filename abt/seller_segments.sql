{{ config(
    entity = 'seller',
    key = 'seller_id',
    label = 'is_silent',
    description = 'One row per seller with an order in the 180 days before the reference date: what it sells, how it serves, and whether it falls silent.',
    columns = {
        'is_silent': '1 when the seller has no order in the 45 days from the reference date on, else 0',
        'label_known_on': '45 days after the reference date',
        '*': 'As in the feature stores',
    },
    checks = [
        'recency_days between 1 and 180',
        'revenue_brl >= 0 and order_count > 0',
        'product_count > 0',
    ],
) }}
{% set patience_days = 45 %}
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

products as (
    select * from {{ ref('features.seller_products') }}
),

-- What is still to come: the outcome, and only the label is made of it.
next_orders as (
    select distinct seller_id
    from {{ outcome('order_items') }}
    where known_at >= {{ reference_date }}
        and known_at < {{ days_after(reference_date, patience_days) }}
),

final as (
    select
        sales.seller_id,
        sales.recency_days,
        sales.tenure_days,
        sales.order_count,
        sales.revenue_brl,
        sales.avg_order_value_brl,
        sales.avg_item_price_brl,
        products.product_count,
        customers.customer_state_count,
        reviews.avg_review_score,
        delivery.late_order_share,
        (next_orders.seller_id is null)::integer as is_silent,
        {{ days_after(reference_date, patience_days) }} as label_known_on,
    from sales
    left join reviews
        on reviews.seller_id = sales.seller_id
    left join customers
        on customers.seller_id = sales.seller_id
    left join delivery
        on delivery.seller_id = sales.seller_id
    left join products
        on products.seller_id = sales.seller_id
    left join next_orders
        on next_orders.seller_id = sales.seller_id
    where sales.recency_days <= 180
)

select * from final
