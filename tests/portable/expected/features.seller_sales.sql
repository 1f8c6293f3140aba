
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
        datediff(cast(date '2018-03-01' as date), cast(order_day as date)) as age_days,
        datediff(cast(order_day as date), cast(lag(order_day) over (partition by seller_id order by order_day nulls last) as date)) as gap_days
    from (select * from features_seller_orders where reference_date = date '2018-03-01')
    group by seller_id, order_day
),

lifetimes as (
    select
        seller_id,
        cast(sum(price) as double) as revenue_brl,
        count(distinct order_id) as order_count,
        datediff(cast(date '2018-03-01' as date), cast(min(known_at) as date)) as tenure_days,
        datediff(cast(date '2018-03-01' as date), cast(max(known_at) as date)) as recency_days
    from order_items_as_of
    group by seller_id
),

final as (
    select
        seller_id,
        case when typeof(sum(orders)) in ('double', 'float') then cast(rint(cast(sum(orders) as double)) as bigint) when typeof(sum(orders)) like 'decimal%' then cast(cast(sum(orders) as decimal(38, 0)) as bigint) else cast(sum(orders) as bigint) end as order_count,  -- Distinct orders
        count(*) as selling_days,  -- Distinct calendar days with an order
        case when typeof(sum(item_count)) in ('double', 'float') then cast(rint(cast(sum(item_count) as double)) as bigint) when typeof(sum(item_count)) like 'decimal%' then cast(cast(sum(item_count) as decimal(38, 0)) as bigint) else cast(sum(item_count) as bigint) end as item_count,  -- Items sold
        -- Calendar days from the last order to the reference date
        max(lifetimes.recency_days) as recency_days,
        -- Price of the items / orders
        (cast(sum(revenue) as double) / nullif(sum(orders), 0))
            as avg_order_value_brl,
        -- Smallest order: the part of the seller, without freight
        min(min_order_value) as min_order_value_brl,
        -- Largest order: the part of the seller, without freight
        max(max_order_value) as max_order_value_brl,
        -- Mean price of an item
        (cast(sum(revenue) as double) / nullif(sum(item_count), 0)) as avg_item_price_brl,
        min(min_price) as min_item_price_brl,  -- Lowest price of an item
        max(max_price) as max_item_price_brl,  -- Highest price of an item
        -- Items / orders
        (cast(sum(item_count) as double) / nullif(sum(orders), 0))
            as avg_items_per_order,
        cast(sum(revenue) as double) as revenue_brl,  -- Price of the items sold
        -- Distinct orders in the last 7 days
        case when typeof(coalesce(sum(orders)
            filter (where age_days <= 7), 0)) in ('double', 'float') then cast(rint(cast(coalesce(sum(orders)
            filter (where age_days <= 7), 0) as double)) as bigint) when typeof(coalesce(sum(orders)
            filter (where age_days <= 7), 0)) like 'decimal%' then cast(cast(coalesce(sum(orders)
            filter (where age_days <= 7), 0) as decimal(38, 0)) as bigint) else cast(coalesce(sum(orders)
            filter (where age_days <= 7), 0) as bigint) end
            as orders_7d,
        -- Distinct orders in the last 14 days
        case when typeof(coalesce(sum(orders)
            filter (where age_days <= 14), 0)) in ('double', 'float') then cast(rint(cast(coalesce(sum(orders)
            filter (where age_days <= 14), 0) as double)) as bigint) when typeof(coalesce(sum(orders)
            filter (where age_days <= 14), 0)) like 'decimal%' then cast(cast(coalesce(sum(orders)
            filter (where age_days <= 14), 0) as decimal(38, 0)) as bigint) else cast(coalesce(sum(orders)
            filter (where age_days <= 14), 0) as bigint) end
            as orders_14d,
        -- Distinct orders in the last 28 days
        case when typeof(coalesce(sum(orders)
            filter (where age_days <= 28), 0)) in ('double', 'float') then cast(rint(cast(coalesce(sum(orders)
            filter (where age_days <= 28), 0) as double)) as bigint) when typeof(coalesce(sum(orders)
            filter (where age_days <= 28), 0)) like 'decimal%' then cast(cast(coalesce(sum(orders)
            filter (where age_days <= 28), 0) as decimal(38, 0)) as bigint) else cast(coalesce(sum(orders)
            filter (where age_days <= 28), 0) as bigint) end
            as orders_28d,
        -- Distinct orders in the last 56 days
        case when typeof(coalesce(sum(orders)
            filter (where age_days <= 56), 0)) in ('double', 'float') then cast(rint(cast(coalesce(sum(orders)
            filter (where age_days <= 56), 0) as double)) as bigint) when typeof(coalesce(sum(orders)
            filter (where age_days <= 56), 0)) like 'decimal%' then cast(cast(coalesce(sum(orders)
            filter (where age_days <= 56), 0) as decimal(38, 0)) as bigint) else cast(coalesce(sum(orders)
            filter (where age_days <= 56), 0) as bigint) end
            as orders_56d,
        -- Distinct orders in the last 90 days
        case when typeof(coalesce(sum(orders)
            filter (where age_days <= 90), 0)) in ('double', 'float') then cast(rint(cast(coalesce(sum(orders)
            filter (where age_days <= 90), 0) as double)) as bigint) when typeof(coalesce(sum(orders)
            filter (where age_days <= 90), 0)) like 'decimal%' then cast(cast(coalesce(sum(orders)
            filter (where age_days <= 90), 0) as decimal(38, 0)) as bigint) else cast(coalesce(sum(orders)
            filter (where age_days <= 90), 0) as bigint) end
            as orders_90d,
        -- Price of the items sold in the last 90 days
        cast(coalesce(sum(revenue) filter (where age_days <= 90), 0) as double)
            as revenue_90d_brl,
        -- Price of all items sold before the reference date, over all history
        max(lifetimes.revenue_brl) as lifetime_revenue_brl,
        -- Distinct orders before the reference date, over all history
        max(lifetimes.order_count) as lifetime_order_count,
        -- Calendar days from the first order, over all history
        max(tenure_days) as tenure_days,
        -- Mean gap between selling days; NULL with one day
        (sum(gap_days) / 1D / nullif(count(gap_days), 0)) as avg_days_between_sales,
        -- Longest gap between selling days; NULL with one day
        max(gap_days) as longest_gap_days,
        -- Standard deviation of the gaps between selling days; NULL with one
        case when count(gap_days) > 0 then
    sqrt(greatest((sum(gap_days * gap_days) / 1D / nullif(count(gap_days * gap_days), 0)) - (sum(gap_days) / 1D / nullif(count(gap_days), 0)) * (sum(gap_days) / 1D / nullif(count(gap_days), 0)), 0))
end as gap_spread_days,
        -- Gaps between selling days of more than 45 days
        count(*) filter (where gap_days > 45)
            as gaps_over_45_days,
        -- Gaps between selling days longer than recency_days
        count(*) filter (where gap_days > lifetimes.recency_days)
            as gaps_over_recency,
        -- recency_days / avg_days_between_sales; NULL with one day
        (cast(max(lifetimes.recency_days) as double) / nullif((sum(gap_days) / 1D / nullif(count(gap_days), 0)), 0))
            as recency_to_usual_gap
    from seller_days as days
    inner join lifetimes using (seller_id)
    group by seller_id
)

select * from final
