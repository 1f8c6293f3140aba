
with deals as (
    select
        *,
        days_since_deal - days_to_first_order as selling_days
    from (select * from features_deal_profile where reference_date = date '2018-03-01')
),

-- Of those that started after the deal, and whose first 30 days are over.
first_months as (
    select
        deals.seller_id,
        deals.business_segment,
        sum(items.price) as revenue
    from deals
    inner join order_items_as_of as items
        on items.seller_id = deals.seller_id
    where deals.days_to_first_order >= 0
        and deals.selling_days >= 30
        and datediff(cast(date '2018-03-01' as date), cast(items.known_at as date))
            > deals.selling_days - 30
    group by deals.seller_id, deals.business_segment
),

everyone as (
    select
        ((cast(coalesce(sum(revenue), 0) as double) + 8 * 500) / (count(*) + 8)) as mean_brl
    from first_months
),

segments as (
    select
        business_segment,
        cast(sum(revenue) as double) as revenue,
        count(*) as months
    from first_months
    group by business_segment
),

final as (
    select
        deals.seller_id,
        -- Revenue of the first 30 days in deals of its business segment (no
        -- segment is one too), pulled to the mean of all while they are few
        ((coalesce(segments.revenue, 0) + 8 * everyone.mean_brl) / 1D / (coalesce(segments.months, 0) + 8)) as first_month_brl
    from deals
    cross join everyone
    left join segments
        on segments.business_segment is not distinct from deals.business_segment
)

select * from final
