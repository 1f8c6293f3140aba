{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = '
        One row per seller with an order in the 6 months before the reference
        date: how much, how often and how regularly it sold in them. Canceled
        orders count.
    ',
    checks = [
        'order_count > 0',
        'selling_days between 1 and order_count',
        'item_count >= order_count',
        'recency_days between 1 and 184',
        'tenure_days >= recency_days',
        'orders_7d <= orders_90d and orders_90d <= order_count',
        'lifetime_order_count >= order_count',
        'gaps_over_recency < selling_days',
    ],
) }}
{% set windows = [7, 14, 28, 56, 90] %}
with seller_days as (
    select
        seller_id,
        order_day,
        count(*) as orders,
        sum(item_count) as item_count,
        sum(price) as revenue,
        cast(min(price) as double) as min_order_value,
        cast(max(price) as double) as max_order_value,
        cast(min(min_item_price) as double) as min_price,
        cast(max(max_item_price) as double) as max_price,
        {{ days_between('order_day', reference_date) }} as age_days,
        {{ days_between(
            'lag(order_day) over (partition by seller_id order by order_day)',
            'order_day',
        ) }} as gap_days,
    from {{ ref('features.seller_orders') }}
    group by seller_id, order_day
),

lifetimes as (
    select
        seller_id,
        cast(sum(price) as double) as revenue_brl,
        count(distinct order_id) as order_count,
        {{ days_between('min(known_at)', reference_date) }} as tenure_days,
        {{ days_between('max(known_at)', reference_date) }} as recency_days,
    from {{ source('order_items') }}
    group by seller_id
),

final as (
    select
        seller_id,
        cast(sum(orders) as bigint) as order_count,  -- Distinct orders
        count(*) as selling_days,  -- Distinct calendar days with an order
        cast(sum(item_count) as bigint) as item_count,  -- Items sold
        -- Calendar days from the last order to the reference date
        any_value(lifetimes.recency_days) as recency_days,
        -- Price of the items / orders
        {{ ratio('sum(revenue)', 'sum(orders)') }}
            as avg_order_value_brl,
        -- Smallest order: the part of the seller, without freight
        min(min_order_value) as min_order_value_brl,
        -- Largest order: the part of the seller, without freight
        max(max_order_value) as max_order_value_brl,
        -- Mean price of an item
        {{ ratio('sum(revenue)', 'sum(item_count)') }} as avg_item_price_brl,
        min(min_price) as min_item_price_brl,  -- Lowest price of an item
        max(max_price) as max_item_price_brl,  -- Highest price of an item
        -- Items / orders
        {{ ratio('sum(item_count)', 'sum(orders)') }}
            as avg_items_per_order,
        cast(sum(revenue) as double) as revenue_brl,  -- Price of the items sold
    {% for n in windows %}
        -- Distinct orders in the last {{ n }} days
        cast(coalesce(sum(orders)
            filter (where age_days <= {{ n }}), 0) as bigint)
            as orders_{{ n }}d,
    {% endfor %}
        -- Price of the items sold in the last 90 days
        cast(coalesce(sum(revenue) filter (where age_days <= 90), 0) as double)
            as revenue_90d_brl,
        -- Price of all items sold before the reference date, over all history
        any_value(lifetimes.revenue_brl) as lifetime_revenue_brl,
        -- Distinct orders before the reference date, over all history
        any_value(lifetimes.order_count) as lifetime_order_count,
        -- Calendar days from the first order, over all history
        any_value(tenure_days) as tenure_days,
        -- Mean gap between selling days; NULL with one day
        avg(gap_days) as avg_days_between_sales,
        -- Longest gap between selling days; NULL with one day
        max(gap_days) as longest_gap_days,
        -- Standard deviation of the gaps between selling days; NULL with one
        {{ spread('gap_days') }} as gap_spread_days,
        -- Gaps between selling days of more than 45 days
        count(*) filter (where gap_days > {{ patience_days() }})
            as gaps_over_45_days,
        -- Gaps between selling days longer than recency_days
        count(*) filter (where gap_days > lifetimes.recency_days)
            as gaps_over_recency,
        -- recency_days / avg_days_between_sales; NULL with one day
        {{ ratio('any_value(lifetimes.recency_days)', 'avg(gap_days)') }}
            as recency_to_usual_gap,
    from seller_days as days
    inner join lifetimes using (seller_id)
    group by seller_id
)

select * from final
