{{ config(
    task = 'binary',
    key = 'seller_id',
    label = 'is_churned',
    metric = 'roc_auc',
    description = '
        The probability that a seller that sold in the last 45 days does not
        sell again within 45 days of its last order.
    ',
    snapshots = {'from': '2017-03-01', 'every': 'month'},
    validate = 4,
    retrain_days = 28,
    candidates = {
        'rule_of_thumb': {
            'algorithm': 'sql',
            'expression': 'exp(-orders_90d / 90.0 * (45 - recency_days))',
        },
        'logistic': {
            'algorithm': 'logistic_regression',
            'alpha': 30.0,
        },
        'random_forest': {
            'algorithm': 'random_forest',
            'trees': 200,
            'min_samples_leaf': 15,
            'features_per_split': 6,
        },
        'extra_trees': {
            'algorithm': 'extra_trees',
            'trees': 200,
            'min_samples_leaf': 12,
            'features_per_split': 12,
        },
        'boosting': {
            'algorithm': 'gradient_boosting',
            'trees': 120,
            'learning_rate': 0.05,
            'max_depth': 3,
            'min_samples_leaf': 20,
            'subsample': 0.5,
        },
        'blend': {
            'algorithm': 'blend',
            'of': ['logistic', 'extra_trees', 'boosting'],
        },
    },
) }}
-- Orders a day, pulled towards half an order in 20 days while there are few.
with rates as (
    select
        *,
    {% for n in [28, 90] %}
        {{ shrunk('orders_' ~ n ~ 'd', 'least(tenure_days, ' ~ n ~ ')',
            0.025, 20) }} as daily_orders_{{ n }}d,
    {% endfor %}
        {{ shrunk('lifetime_order_count', 'tenure_days', 0.025, 20) }}
            as daily_orders_lifetime,
    from {{ ref('abt.seller_churn') }}
),

final as (
    select
        seller_id,
        is_churned,
        label_known_on,
        revenue_90d_brl / 3 as stake_brl,  -- What a month of it brings

        recency_days,
        {{ shrunk('gaps_over_45_days', 'gaps_over_recency', 0.35, 1) }}
            as long_silence_ratio,

        -- orders to expect until the 45th day

        ln(daily_orders_28d * horizon_days) as log_expected_28,
        ln(daily_orders_90d * horizon_days) as log_expected_90,
        ln(daily_orders_lifetime * horizon_days) as log_expected_lifetime,
        exp(-daily_orders_90d * horizon_days) as silence_probability,

        -- size and trend

        orders_90d,
        ln(1 + orders_56d) as log_orders_56d,
        ln(1 + tenure_days) as log_tenure,
        ln(daily_orders_28d / daily_orders_90d) as order_trend,

        -- the catalogue

        ln(product_count) as log_products,
        product_concentration,
        ln(1 + avg_item_price_brl) as log_item_price,
        coalesce({{ ratio(
            'avg_freight_brl', 'avg_freight_brl + avg_order_value_brl'
        ) }}, 0) as freight_share,

        -- how it serves

        ln(1 + overdue_handover_count) as log_overdue_handovers,
        open_order_share,
        cancelled_order_share,
        coalesce(late_order_share, {{ usual_late_share() }})
            as late_order_share,
        coalesce(avg_days_ahead_of_promise, 12) as days_ahead_of_promise,
        ln(1 + greatest(coalesce(avg_handover_days, 3), 0)) as log_handover,
        coalesce(avg_review_score, 4.1) as review_score,
        reviewed_order_share,
        ln(1 + customer_state_count) as log_customer_states,
    from rates
)

select * from final
