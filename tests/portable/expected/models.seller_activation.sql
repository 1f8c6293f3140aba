
with final as (
    select
        seller_id,
        is_activated,
        label_known_on,
        first_month_brl as stake_brl,

        -- how its peers started, all deals and those like this one

        case when any_deal_starts <= 0 then raise_error('the logarithm of 0 or less') else ln(any_deal_starts) end as log_any_starts,
        case when start_ratio <= 0 then raise_error('the logarithm of 0 or less') else ln(start_ratio) end as log_start_ratio,

        -- how long it waits: the first week is spent on setting up

        days_since_deal,
        exp(-days_since_deal / 1D / 7.0) as freshness
    from (select * from abt_seller_activation where reference_date = date '2018-03-01')
)

select * from final
