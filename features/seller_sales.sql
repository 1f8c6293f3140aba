{% set windows = [7, 14, 28, 56, 90] %}
{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = 'One row per seller with an order in the 6 months before the reference date: how much, how often and how regularly it sold in them. Canceled orders count.',
    columns = {
        'order_count': 'Distinct orders',
        'selling_days': 'Distinct calendar days with an order',
        'item_count': 'Items sold',
        'recency_days': 'Calendar days from the last order to the reference date',
        'avg_order_value_brl': 'Price of the items / orders',
        'min_order_value_brl': 'Smallest order: the part of the seller, without freight',
        'max_order_value_brl': 'Largest order: the part of the seller, without freight',
        'avg_item_price_brl': 'Mean price of an item',
        'min_item_price_brl': 'Lowest price of an item',
        'max_item_price_brl': 'Highest price of an item',
        'avg_items_per_order': 'Items / orders',
        'orders_*': 'Distinct orders in the last 7d, 14d, 28d, 56d, 90d before the reference date',
        'revenue_brl': 'Price of the items sold',
        'revenue_90d_brl': 'Price of the items sold in the 90 days before the reference date',
        'lifetime_revenue_brl': 'Price of all items sold before the reference date, over all history',
        'lifetime_order_count': 'Distinct orders before the reference date, over all history',
        'tenure_days': 'Calendar days from the first order, over all history, to the reference date',
        'avg_days_between_sales': 'Mean gap between selling days; NULL with one day',
        'longest_gap_days': 'Longest gap between selling days; NULL with one day',
        'gap_spread_days': 'Standard deviation of the gaps between selling days; NULL with one day',
        'gaps_over_45_days': 'Gaps between selling days of more than 45 days',
        'gaps_over_recency': 'Gaps between selling days longer than recency_days',
        'recency_to_usual_gap': 'recency_days / avg_days_between_sales; NULL with one day',
    },
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
with items as (
    select * from {{ source('order_items') }}
),

-- An item is known from the moment its order was bought.
seller_orders as (
    select
        seller_id,
        {{ day_of('min(known_at)') }} as order_day,
        count(*) as item_count,
        sum(price) as order_value,
        min(price) as min_price,
        max(price) as max_price,
    from items
    group by seller_id, order_id
),

seller_days as (
    select
        seller_id,
        order_day,
        count(*) as order_count,
        sum(item_count) as item_count,
        sum(order_value) as revenue,
        min(order_value) as min_order_value,
        max(order_value) as max_order_value,
        min(min_price) as min_price,
        max(max_price) as max_price,
    from seller_orders
    group by seller_id, order_day
),

lifetimes as (
    select
        seller_id,
        cast(sum(revenue) as double) as lifetime_revenue_brl,
        cast(sum(order_count) as bigint) as lifetime_order_count,
        {{ days_between('min(order_day)', reference_date) }} as tenure_days,
        {{ days_between('max(order_day)', reference_date) }} as recency_days,
    from seller_days
    group by seller_id
),

-- The six months, with the days since the selling day before.
window_days as (
    select
        *,
        {{ days_between('order_day', reference_date) }} as age_days,
        {{ days_between(
            'lag(order_day) over (partition by seller_id order by order_day)',
            'order_day',
        ) }} as gap_days,
    from seller_days
    where order_day >= {{ months_before(reference_date, 6) }}
),

final as (
    select
        days.seller_id,
        cast(sum(days.order_count) as bigint) as order_count,
        count(*) as selling_days,
        cast(sum(days.item_count) as bigint) as item_count,
        any_value(lifetimes.recency_days) as recency_days,
        {{ ratio('sum(days.revenue)', 'sum(days.order_count)') }}
            as avg_order_value_brl,
        cast(min(days.min_order_value) as double) as min_order_value_brl,
        cast(max(days.max_order_value) as double) as max_order_value_brl,
        {{ ratio('sum(days.revenue)', 'sum(days.item_count)') }}
            as avg_item_price_brl,
        cast(min(days.min_price) as double) as min_item_price_brl,
        cast(max(days.max_price) as double) as max_item_price_brl,
        {{ ratio('sum(days.item_count)', 'sum(days.order_count)') }}
            as avg_items_per_order,
        cast(sum(days.revenue) as double) as revenue_brl,
    {% for n in windows %}
        cast(coalesce(sum(days.order_count) filter (
            where days.age_days <= {{ n }}
        ), 0) as bigint) as orders_{{ n }}d,
    {% endfor %}
        cast(coalesce(sum(days.revenue) filter (
            where days.age_days <= 90
        ), 0) as double) as revenue_90d_brl,
        any_value(lifetimes.lifetime_revenue_brl) as lifetime_revenue_brl,
        any_value(lifetimes.lifetime_order_count) as lifetime_order_count,
        any_value(lifetimes.tenure_days) as tenure_days,
        avg(days.gap_days) as avg_days_between_sales,
        max(days.gap_days) as longest_gap_days,
        {{ spread('days.gap_days') }} as gap_spread_days,
        count(*) filter (where days.gap_days > 45) as gaps_over_45_days,
        count(*) filter (where days.gap_days > lifetimes.recency_days)
            as gaps_over_recency,
        {{ ratio('any_value(lifetimes.recency_days)', 'avg(days.gap_days)') }}
            as recency_to_usual_gap,
    from window_days as days
    inner join lifetimes
        on lifetimes.seller_id = days.seller_id
    group by days.seller_id
)

select * from final
