
-- Orders a day, pulled towards half an order in 20 days while there are few.
with rates as (
    select
        *,
        ((orders_28d + 20 * 0.025) / 1D / (least(tenure_days, 28) + 20)) as daily_orders_28d,
        ((orders_90d + 20 * 0.025) / 1D / (least(tenure_days, 90) + 20)) as daily_orders_90d,
        ((lifetime_order_count + 20 * 0.025) / 1D / (tenure_days + 20))
            as daily_orders_lifetime
    from (select * from abt_seller_churn where reference_date = date '2018-03-01')
),

final as (
    select
        seller_id,
        is_churned,
        label_known_on,
        revenue_90d_brl / 1D / 3 as stake_brl,  -- What a month of it brings

        recency_days,
        ((gaps_over_45_days + 1 * 0.35) / 1D / (gaps_over_recency + 1))
            as long_silence_ratio,

        -- orders to expect until the 45th day

        case when daily_orders_28d * horizon_days <= 0 then raise_error('the logarithm of 0 or less') else ln(daily_orders_28d * horizon_days) end as log_expected_28,
        case when daily_orders_90d * horizon_days <= 0 then raise_error('the logarithm of 0 or less') else ln(daily_orders_90d * horizon_days) end as log_expected_90,
        case when daily_orders_lifetime * horizon_days <= 0 then raise_error('the logarithm of 0 or less') else ln(daily_orders_lifetime * horizon_days) end as log_expected_lifetime,
        exp(-daily_orders_90d * horizon_days) as silence_probability,

        -- size and trend

        orders_90d,
        case when 1 + orders_56d <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + orders_56d) end as log_orders_56d,
        case when 1 + tenure_days <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + tenure_days) end as log_tenure,
        case when daily_orders_28d / 1D / daily_orders_90d <= 0 then raise_error('the logarithm of 0 or less') else ln(daily_orders_28d / 1D / daily_orders_90d) end as order_trend,

        -- the catalogue

        case when product_count <= 0 then raise_error('the logarithm of 0 or less') else ln(product_count) end as log_products,
        product_concentration,
        case when 1 + avg_item_price_brl <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + avg_item_price_brl) end as log_item_price,
        coalesce((cast(avg_freight_brl as double) / nullif(avg_freight_brl + avg_order_value_brl, 0)), 0) as freight_share,

        -- how it serves

        case when 1 + overdue_handover_count <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + overdue_handover_count) end as log_overdue_handovers,
        open_order_share,
        cancelled_order_share,
        coalesce(late_order_share, 0.07)
            as late_order_share,
        coalesce(avg_days_ahead_of_promise, 12) as days_ahead_of_promise,
        case when 1 + greatest(coalesce(avg_handover_days, 3), 0) <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + greatest(coalesce(avg_handover_days, 3), 0)) end as log_handover,
        coalesce(avg_review_score, 4.1) as review_score,
        reviewed_order_share,
        case when 1 + customer_state_count <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + customer_state_count) end as log_customer_states
    from rates
)

select * from final
