
with final as (
    select
        order_id,
        is_late,
        label_known_on,
        -- What the customer pays
        price_brl + freight_brl as stake_brl,

        -- what the record of its seller, route and network says

        late_chance,
        case when late_chance + 0.001 <= 0 then raise_error('the logarithm of 0 or less') else ln(late_chance + 0.001) end - case when 1.001 - late_chance <= 0 then raise_error('the logarithm of 0 or less') else ln(1.001 - late_chance) end as late_log_odds,
        case when handover_ratio <= 0 then raise_error('the logarithm of 0 or less') else ln(handover_ratio) end as log_handover_ratio,
        case when transit_ratio <= 0 then raise_error('the logarithm of 0 or less') else ln(transit_ratio) end as log_transit_ratio,
        case when area_ratio <= 0 then raise_error('the logarithm of 0 or less') else ln(area_ratio) end as log_area_ratio,
        coalesce(seller_missed_limit_share, 0.1) as seller_missed_limit_share,
        seller_late_share,
        coalesce(seller_handover_days, 3) as seller_handover_days,
        route_late_share,
        coalesce(route_transit_days, 10) as route_transit_days,
        state_late_share,
        network_late_share_14d,
        network_late_share_28d,

        -- how its network, state, seller and area do now

        case when network_transit_ratio_7d <= 0 then raise_error('the logarithm of 0 or less') else ln(network_transit_ratio_7d) end as log_network_transit_7d,
        case when state_transit_ratio_7d <= 0 then raise_error('the logarithm of 0 or less') else ln(state_transit_ratio_7d) end as log_state_transit_7d,
        case when seller_transit_ratio <= 0 then raise_error('the logarithm of 0 or less') else ln(seller_transit_ratio) end as log_seller_transit,
        area_late_share_120d,

        -- what is ahead of it

        coalesce(route_overtaken_share, 0.3) as route_overtaken_share,
        coalesce(seller_overtaken_share, 0.3) as seller_overtaken_share,
        case when 1 + coalesce(seller_overtaken_count, 0) <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + coalesce(seller_overtaken_count, 0)) end as log_seller_overtaken,

        -- how far it is

        age_days,
        days_to_promise,
        working_days_to_promise,
        promise_days,
        case when typeof(is_approved) in ('double', 'float') then cast(rint(cast(is_approved as double)) as integer) when typeof(is_approved) like 'decimal%' then cast(cast(is_approved as decimal(38, 0)) as integer) else cast(is_approved as integer) end as is_approved,
        case when typeof(is_handed_over) in ('double', 'float') then cast(rint(cast(is_handed_over as double)) as integer) when typeof(is_handed_over) like 'decimal%' then cast(cast(is_handed_over as decimal(38, 0)) as integer) else cast(is_handed_over as integer) end as is_handed_over,
        case when is_handed_over then days_in_step else 0 end as transit_days,
        case when is_handed_over then 0 else days_in_step end as waiting_days,
        coalesce(days_past_limit, 0) as days_past_limit,

        -- from where to where

        case when 1 + coalesce(distance_km, 430) <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + coalesce(distance_km, 430)) end as log_distance,
        case when typeof(coalesce(is_same_state, false)) in ('double', 'float') then cast(rint(cast(coalesce(is_same_state, false) as double)) as integer) when typeof(coalesce(is_same_state, false)) like 'decimal%' then cast(cast(coalesce(is_same_state, false) as decimal(38, 0)) as integer) else cast(coalesce(is_same_state, false) as integer) end as is_same_state,

        -- what it is

        case when 1 + coalesce(weight_g, 700) <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + coalesce(weight_g, 700)) end as log_weight,
        case when 1 + coalesce(volume_cm3, 6600) <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + coalesce(volume_cm3, 6600)) end as log_volume,
        case when 1 + coalesce(price_brl, 0) <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + coalesce(price_brl, 0)) end as log_price,
        case when 1 + coalesce(freight_brl, 0) <= 0 then raise_error('the logarithm of 0 or less') else ln(1 + coalesce(freight_brl, 0)) end as log_freight,
        coalesce((cast(freight_brl as double) / nullif(freight_brl + price_brl, 0)), 0)
            as freight_share,
        coalesce(item_count, 0) as item_count,
        coalesce(seller_count, 0) as seller_count,
        case when typeof(coalesce(has_boleto, false)) in ('double', 'float') then cast(rint(cast(coalesce(has_boleto, false) as double)) as integer) when typeof(coalesce(has_boleto, false)) like 'decimal%' then cast(cast(coalesce(has_boleto, false) as decimal(38, 0)) as integer) else cast(coalesce(has_boleto, false) as integer) end as has_boleto,
        coalesce(max_installments, 1) as max_installments
    from (select * from abt_order_delay where reference_date = date '2018-03-01')
)

select * from final
