{# The chance of no order in the horizon, were orders to come at an even rate. #}
{% macro silence(orders, days) -%}
exp(-({{ orders }} + 0.5) / (least(tenure_days, {{ days }}) + 10.0) * horizon_days)
{%- endmacro %}
{{ config(
    task = 'binary',
    key = 'seller_id',
    label = 'is_churned',
    metric = 'roc_auc',
    description = 'Chance that a seller with an order in the last 45 days has no further one within 45 days of it.',
    snapshots = {'from': '2017-02-01', 'every': 'month'},
    validate = 4,
    retrain_days = 28,
    candidates = {
        'rule_of_thumb': {
            'algorithm': 'sql',
            'expression': 'exp(-orders_90d / 90.0 * (45 - recency_days))',
        },
        'logistic': {'algorithm': 'logistic_regression', 'alpha': 30.0},
        'random_forest': {'algorithm': 'random_forest', 'trees': 200, 'min_samples_leaf': 10, 'features_per_split': 10},
        'extra_trees': {'algorithm': 'extra_trees', 'trees': 200, 'min_samples_leaf': 10, 'features_per_split': 20},
        'boosting': {'algorithm': 'gradient_boosting', 'trees': 150, 'learning_rate': 0.05, 'max_depth': 3},
        'blend': {'algorithm': 'blend', 'of': ['logistic', 'extra_trees', 'boosting']},
    },
) }}
with abt as (
    select * from {{ ref('abt.seller_churn') }}
)

select
    seller_id,
    is_churned,
    label_known_on,

    -- How long it may still take.
    recency_days,
    horizon_days,
    extract(month from reference_date + horizon_days::int) as horizon_end_month,

    -- How much it sold, lately and before.
    orders_90d,
    {% for window in ['7d', '14d', '28d', '56d', '90d'] %}
    ln(1 + orders_{{ window }}) as log_orders_{{ window }},
    {% endfor %}
    {{ silence('orders_28d', 28) }} as silence_28d,
    {{ silence('orders_56d', 56) }} as silence_56d,
    {{ silence('orders_90d', 90) }} as silence_90d,
    {{ silence('order_count', 182) }} as silence_182d,
    ln(1 + selling_days) as log_selling_days,
    ln(1 + lifetime_order_count) as log_lifetime_orders,
    ln(1 + lifetime_revenue_brl) as log_lifetime_revenue,
    ln(1 + revenue_90d_brl) as log_revenue_90d,
    ln(1 + tenure_days) as log_tenure,
    coalesce({{ ratio('orders_28d', 'orders_90d') }}, 0) as share_of_28d_in_90d,
    coalesce({{ ratio('orders_90d', 'order_count') }}, 0) as share_of_90d_in_182d,

    -- How regularly. A seller with one selling day has no gap yet.
    (avg_days_between_sales is null)::int as has_no_gap,
    ln(1 + coalesce(avg_days_between_sales, 60)) as log_usual_gap,
    ln(1 + coalesce(longest_gap_days, 60)) as log_longest_gap,
    ln(1 + coalesce(gap_spread_days, 30)) as log_gap_spread,
    ln(1 + coalesce(recency_to_usual_gap, 0)) as log_recency_to_usual_gap,
    coalesce(gaps_over_45_days, 0) as gaps_over_45_days,
    coalesce({{ ratio('gaps_over_recency', 'selling_days') }}, 0) as gaps_over_recency_share,

    -- What it sells.
    ln(1 + product_count) as log_products,
    category_count,
    coalesce(product_concentration, 1) as product_concentration,
    ln(1 + avg_item_price_brl) as log_price,
    coalesce(avg_photo_count, 2) as avg_photo_count,
    ln(1 + coalesce(median_volume_cm3, 6000)) as log_volume,
    customer_state_count,

    -- How well it serves.
    coalesce(avg_review_score, 4) as avg_review_score,
    coalesce(bad_review_share, 0.15) as bad_review_share,
    coalesce(late_order_share, 0.07) as late_order_share,
    coalesce(cancelled_order_share, 0) as cancelled_order_share,
    coalesce(open_order_share, 0) as open_order_share,
    coalesce(not_handed_over_share, 0) as not_handed_over_share,
    ln(1 + coalesce(overdue_handover_count, 0)) as log_overdue_handovers,
    ln(1 + greatest(coalesce(avg_handover_days, 3), 0)) as log_handover_days,
    ln(1 + coalesce(avg_freight_brl, 15)) as log_freight,
from abt
