{{ config(
    task = 'binary',
    key = 'seller_id',
    label = 'is_activated',
    metric = 'roc_auc',
    description = '
        The probability that a seller won in the last 90 days, without an order
        so far, has its first one within 30 days. A deal has a row in each
        weekly snapshot it waits through, 1 to 13 and six on average, and weighs
        as much; intervals resample deals.
    ',
    snapshots = {'from': '2018-01-01', 'every': 'week'},
    validate = {'last': 4, 'every': 'month'},
    retrain_days = 28,
    candidates = {
        'rule_of_thumb': {
            'algorithm': 'sql',
            'expression': 'exp(-days_since_deal / 30.0)',
        },
        'peers': {
            'algorithm': 'sql',
            'expression': '1 - exp(-exp(log_any_starts + log_start_ratio))',
        },
        'logistic': {
            'algorithm': 'logistic_regression',
            'alpha': 100.0,
        },
        'extra_trees': {
            'algorithm': 'extra_trees',
            'trees': 300,
            'min_samples_leaf': 40,
        },
        'blend': {
            'algorithm': 'blend',
            'of': ['logistic', 'extra_trees'],
        },
    },
) }}
with final as (
    select
        seller_id,
        is_activated,
        label_known_on,
        first_month_brl as stake_brl,

        -- how its peers started, all deals and those like this one

        ln(any_deal_starts) as log_any_starts,
        ln(start_ratio) as log_start_ratio,

        -- how long it waits: the first week is spent on setting up

        days_since_deal,
        exp(-days_since_deal / 7.0) as freshness,
    from {{ ref('abt.seller_activation') }}
)

select * from final
