{% set windows = [7, 14, 28, 56, 90] %}
{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = 'One row per seller with an order in the 6 months before the reference date: how much, how often and how regularly it sold. Canceled orders count.',
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
        'lifetime_revenue_brl': 'Price of all items sold, over all history',
        'lifetime_order_count': 'Distinct orders, over all history',
        'tenure_days': 'Calendar days from the first order, over all history, to the reference date',
        'avg_days_between_sales': 'Mean gap between selling days; NULL with one day',
        'longest_gap_days': 'Longest gap between selling days; NULL with one day',
        'gap_spread_days': 'Standard deviation of the gaps between selling days; NULL with one day',
        'recency_to_usual_gap': 'recency_days / avg_days_between_sales; NULL with one day',
        'orders_*': 'Distinct orders in the last 7d, 14d, 28d, 56d, 90d before the reference date',
        'revenue_90d_brl': 'Price of the items sold in the 90 days before the reference date',
    },
    checks = [
        'order_count > 0',
        'selling_days between 1 and order_count',
        'item_count >= order_count',
        'recency_days between 1 and 184',
        'tenure_days >= recency_days',
        'orders_7d <= orders_90d and orders_90d <= order_count',
        'lifetime_order_count >= order_count',
    ],
) }}
with items as (
    select * from {{ source('order_items') }}
),

-- An item is known from the moment its order was bought.
seller_orders as (
    select
        seller_id,
        order_id,
        {{ day_of('min(known_at)') }} as order_day,
        count(*) as item_count,
        sum(price) as order_value,
        min(price) as min_price,
        max(price) as max_price,
    from items
    group by seller_id, order_id
),

lifetimes as (
    select
        seller_id,
        sum(order_value) as revenue,
        count(*) as order_count,
        min(order_day) as first_day,
    from seller_orders
    group by seller_id
),

window_orders as (
    select *
    from seller_orders
    where order_day >= {{ months_before(reference_date, 6) }}
),

sales as (
    select
        seller_id,
        count(*) as order_count,
        count(distinct order_day) as selling_days,
        sum(item_count) as item_count,
        max(order_day) as last_day,
        sum(order_value) as revenue,
        min(order_value) as min_order_value,
        max(order_value) as max_order_value,
        min(min_price) as min_price,
        max(max_price) as max_price,
    {% for n in windows %}
        count(*) filter (
            where order_day >= {{ days_before(reference_date, n) }}
        ) as orders_{{ n }}d,
    {% endfor %}
        coalesce(sum(order_value) filter (
            where order_day >= {{ days_before(reference_date, 90) }}
        ), 0) as revenue_90d,
    from window_orders
    group by seller_id
),

selling_days as (
    select distinct
        seller_id,
        order_day,
    from window_orders
),

gaps as (
    select
        seller_id,
        {{ days_between(
            'lag(order_day) over (partition by seller_id order by order_day)',
            'order_day',
        ) }} as gap_days,
    from selling_days
),

rhythms as (
    select
        seller_id,
        avg(gap_days) as avg_gap,
        max(gap_days) as longest_gap,
        {{ spread('gap_days') }} as gap_spread,
    from gaps
    group by seller_id
),

final as (
    select
        sales.seller_id,
        sales.order_count,
        sales.selling_days,
        cast(sales.item_count as bigint) as item_count,
        {{ days_between('sales.last_day', reference_date) }} as recency_days,
        {{ ratio('sales.revenue', 'sales.order_count') }}
            as avg_order_value_brl,
        cast(sales.min_order_value as double) as min_order_value_brl,
        cast(sales.max_order_value as double) as max_order_value_brl,
        {{ ratio('sales.revenue', 'sales.item_count') }} as avg_item_price_brl,
        cast(sales.min_price as double) as min_item_price_brl,
        cast(sales.max_price as double) as max_item_price_brl,
        {{ ratio('sales.item_count', 'sales.order_count') }}
            as avg_items_per_order,
        cast(lifetimes.revenue as double) as lifetime_revenue_brl,
        lifetimes.order_count as lifetime_order_count,
        {{ days_between('lifetimes.first_day', reference_date) }} as tenure_days,
        rhythms.avg_gap as avg_days_between_sales,
        rhythms.longest_gap as longest_gap_days,
        rhythms.gap_spread as gap_spread_days,
        {{ ratio(
            days_between('sales.last_day', reference_date), 'rhythms.avg_gap'
        ) }} as recency_to_usual_gap,
    {% for n in windows %}
        sales.orders_{{ n }}d,
    {% endfor %}
        cast(sales.revenue_90d as double) as revenue_90d_brl,
    from sales
    inner join lifetimes
        on lifetimes.seller_id = sales.seller_id
    inner join rhythms
        on rhythms.seller_id = sales.seller_id
)

select * from final
