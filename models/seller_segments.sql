{{ config(
    task = 'clusters',
    key = 'seller_id',
    label = 'is_silent',
    description = '
        Groups of sellers that are alike in how recently, how often and for how
        much they sell, since when, and whether more or less than before.
    ',
    snapshots = {'from': '2017-03-01', 'every': 'month'},
    retrain_days = 28,
    inputs = 'scaled_*',
    stability = 0.85,
    smallest_share = 0.03,
    candidates = {
        'three': {'algorithm': 'k_means', 'clusters': 3},
        'four': {'algorithm': 'k_means', 'clusters': 4},
        'five': {'algorithm': 'k_means', 'clusters': 5},
        'six': {'algorithm': 'k_means', 'clusters': 6},
    },
    profile = {
        'revenue_brl': 'sum(revenue_brl)',
        'revenue_share': 'sum(revenue_brl) / sum(sum(revenue_brl)) over ()',
        'median_recency_days': 'median(recency_days)',
        'median_order_count': 'median(order_count)',
        'median_revenue_brl': 'median(revenue_brl)',
        'median_tenure_days': 'median(tenure_days)',
        'median_order_value_brl': 'median(avg_order_value_brl)',
        'median_product_count': 'median(product_count)',
        'median_review_score': 'median(avg_review_score)',
        'median_late_order_share': 'median(late_order_share)',
    },
    name = "
        case
            when median_recency_days > 75 then 'silent'
            when median_recency_days > 25 then 'fading'
            when median_tenure_days < 120 and median_order_count >= 5
                then 'rising'
            when median_tenure_days < 120 then 'newcomers'
            when median_order_count >= 20 then 'pillars'
            else 'regulars'
        end",
) }}
with halves as (
    select
        *,
        -- Orders of the 94 days before the last 90
        order_count - orders_90d as earlier_order_count,
    from {{ ref('abt.seller_segments') }}
),

-- Days and money spread over powers of ten: logarithms make twice as much the
-- same step everywhere, and standard deviations make the inputs weigh alike.
final as (
    select
        *,
        {{ standardised('ln(recency_days)') }} as scaled_recency,
        {{ standardised('ln(1 + orders_90d)') }} as scaled_orders,
        {{ standardised('ln(1 + revenue_90d_brl)') }} as scaled_revenue,
        {{ standardised('ln(tenure_days)') }} as scaled_tenure,
        {{ standardised('ln(1 + orders_90d) - ln(1 + earlier_order_count)') }}
            as scaled_trend,
    from halves
)

select * from final
