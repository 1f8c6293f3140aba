{{ config(
    description = '
        The segments of the sellers: size, revenue, what is typical, what sets
        them apart, and the share that fell silent within 45 days
    ',
) }}
with newest as (
    select max(reference_date) as reference_date
    from {{ ref('scores.seller_segments') }}
),

final as (
    select
        profile.segment,
        profile.segment_name,
        profile.size as sellers,
        round(profile.share, 3) as seller_share,
        round(profile.revenue_brl) as revenue_brl,
        round(profile.revenue_share, 3) as revenue_share,
        profile.median_order_count,
        round(profile.median_order_value_brl) as median_order_value_brl,
        profile.median_recency_days,
        profile.median_tenure_days,
        profile.median_product_count,
        round(profile.median_review_score, 2) as median_review_score,
        round(profile.median_late_order_share, 3) as median_late_order_share,
        round(profile.outcome_share, 3) as silent_after_share,
        profile.outcome_from as silent_after_as_of,
        profile.sets_apart,
    from scores.seller_segments_profile as profile
    inner join newest
        on newest.reference_date = profile.reference_date
)

select * from final
order by revenue_brl desc
