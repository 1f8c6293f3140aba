{{ config(
    task = 'binary',
    key = 'order_id',
    label = 'is_late',
    metric = 'roc_auc',
    description = '
        The probability that an order under way is not delivered by its promised
        day.
    ',
    snapshots = {'from': '2017-06-05', 'every': 'fortnight'},
    validate = {'last': 4, 'every': 'month'},
    slices = {'at most a week old': 'age_days <= 7'},
    retrain_days = 28,
    candidates = {
        'rule_of_thumb': {
            'algorithm': 'sql',
            'expression': '1 / (1 + exp(days_to_promise / 7.0))',
        },
        'life_table': {
            'algorithm': 'sql',
            'expression': 'late_chance',
        },
        'logistic': {
            'algorithm': 'logistic_regression',
            'alpha': 30.0,
        },
        'boosting': {
            'algorithm': 'gradient_boosting',
            'trees': 150,
            'learning_rate': 0.05,
            'max_depth': 4,
            'min_samples_leaf': 50,
            'subsample': 0.3,
        },
        'blend': {
            'algorithm': 'blend',
            'of': ['logistic', 'boosting'],
        },
    },
) }}
with final as (
    select
        order_id,
        is_late,
        label_known_on,
        -- What the customer pays
        price_brl + freight_brl as stake_brl,

        -- what the record of its seller, route and network says

        late_chance,
        ln(late_chance + 0.001) - ln(1.001 - late_chance) as late_log_odds,
        ln(handover_ratio) as log_handover_ratio,
        ln(transit_ratio) as log_transit_ratio,
        ln(area_ratio) as log_area_ratio,
        coalesce(seller_missed_limit_share, 0.1) as seller_missed_limit_share,
        seller_late_share,
        coalesce(seller_handover_days, 3) as seller_handover_days,
        route_late_share,
        coalesce(route_transit_days, 10) as route_transit_days,
        state_late_share,
        network_late_share_14d,
        network_late_share_28d,

        -- how its network, state, seller and area do now

        ln(network_transit_ratio_7d) as log_network_transit_7d,
        ln(state_transit_ratio_7d) as log_state_transit_7d,
        ln(seller_transit_ratio) as log_seller_transit,
        area_late_share_120d,

        -- what is ahead of it

        coalesce(route_overtaken_share, 0.3) as route_overtaken_share,
        coalesce(seller_overtaken_share, 0.3) as seller_overtaken_share,
        ln(1 + coalesce(seller_overtaken_count, 0)) as log_seller_overtaken,

        -- how far it is

        age_days,
        days_to_promise,
        working_days_to_promise,
        promise_days,
        is_approved::integer as is_approved,
        is_handed_over::integer as is_handed_over,
        case when is_handed_over then days_in_step else 0 end as transit_days,
        case when is_handed_over then 0 else days_in_step end as waiting_days,
        coalesce(days_past_limit, 0) as days_past_limit,

        -- from where to where

        ln(1 + coalesce(distance_km, 430)) as log_distance,
        coalesce(is_same_state, false)::integer as is_same_state,

        -- what it is

        ln(1 + coalesce(weight_g, 700)) as log_weight,
        ln(1 + coalesce(volume_cm3, 6600)) as log_volume,
        ln(1 + coalesce(price_brl, 0)) as log_price,
        ln(1 + coalesce(freight_brl, 0)) as log_freight,
        coalesce({{ ratio('freight_brl', 'freight_brl + price_brl') }}, 0)
            as freight_share,
        coalesce(item_count, 0) as item_count,
        coalesce(seller_count, 0) as seller_count,
        coalesce(has_boleto, false)::integer as has_boleto,
        coalesce(max_installments, 1) as max_installments,
    from {{ ref('abt.order_delay') }}
)

select * from final
