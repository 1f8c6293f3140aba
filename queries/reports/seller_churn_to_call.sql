{{ config(
    description = '
        The hundred sellers to call first: most revenue expected to be lost,
        with what their record says about why. worth_brl: revenue of a month
        that a call is expected to keep, if it keeps one in five of those who
        would go
    ',
) }}
{# An assumption, until a month in which half of the list is not called has
   measured it. #}
{% set kept_share = 0.2 %}
with scores as (
    select * from {{ ref('scores.seller_churn') }}
),

sales as (
    select * from {{ ref('features.seller_sales') }}
),

reviews as (
    select * from {{ ref('features.seller_reviews') }}
),

delivery as (
    select * from {{ ref('features.seller_delivery') }}
),

final as (
    select
        scores.seller_id,
        round(scores.score, 3) as churn_probability,
        round(scores.stake_brl, 2) as monthly_revenue_brl,
        round(scores.score * scores.stake_brl, 2)
            as monthly_revenue_at_stake_brl,
        round(scores.score * scores.stake_brl * {{ kept_share }}, 2)
            as worth_brl,
        sales.recency_days,
        round(sales.avg_days_between_sales, 1) as usual_gap_days,
        sales.orders_90d,
        round(reviews.avg_review_score, 2) as avg_review_score,
        round(delivery.late_order_share, 3) as late_order_share,
        scores.model_version,
    from scores
    inner join sales
        on sales.seller_id = scores.seller_id
    left join reviews
        on reviews.seller_id = scores.seller_id
    left join delivery
        on delivery.seller_id = scores.seller_id
)

select * from final
order by monthly_revenue_at_stake_brl desc, seller_id
limit 100
