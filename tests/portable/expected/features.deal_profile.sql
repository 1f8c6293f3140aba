
with first_deals as (
    select *
    from closed_deals_as_of
    qualify row_number() over (
        partition by seller_id order by won_date nulls last, mql_id nulls last
    ) = 1
),

leads as (
    select * from marketing_qualified_leads_as_of
),

first_orders as (
    select
        seller_id,
        min(known_at) as first_order_at
    from order_items_as_of
    group by seller_id
),

final as (
    select
        deals.seller_id,
        deals.mql_id,  -- The lead that was won

        -- when

        -- Days from the deal to the reference date, from 1
        datediff(cast(date '2018-03-01' as date), cast(won_date as date)) as days_since_deal,
        -- Days from the deal to the first order known; NULL when there is none
        -- yet; negative for one that sold before
        datediff(cast(first_order_at as date), cast(won_date as date))
            as days_to_first_order,
        -- Days from the first contact to the deal; NULL without a lead
        datediff(cast(won_date as date), cast(first_contact_date as date)) as days_to_deal,
        -- days_to_deal in words: at once (0 or 1), within a month (2 to 29),
        -- later; NULL without a lead
        case
            when days_to_deal < 2 then 'at once'
            when days_to_deal < 30 then 'within a month'
            when days_to_deal >= 30 then 'later'
        end as time_to_deal,
        -- Day of the week of the deal, 1 Monday to 7 Sunday
        (weekday(won_date) + 1) as won_weekday,

        -- through whom

        leads.origin,  -- Channel of the lead
        leads.landing_page_id,  -- Page on which the lead arrived
        deals.sr_id,  -- Sales representative who won the deal

        -- who

        deals.lead_type,  -- Size and kind of the lead
        deals.lead_behaviour_profile,  -- Behaviour as seen before the deal
        deals.business_segment,  -- Segment declared
        deals.business_type,  -- Reseller, manufacturer or other

        -- what was written down: few leads fill in any of it

        -- Monthly revenue declared; NULL when none or 0 was
        nullif(declared_monthly_revenue, 0) as declared_monthly_revenue_brl,
        -- Products declared
        declared_product_catalog_size as declared_product_count,
        -- How many of company, trade item numbers, stock, catalogue and
        -- revenue the lead filled in
        cast((has_company is not null) as integer)
            + cast((has_gtin is not null) as integer)
            + cast((average_stock is not null) as integer)
            + cast((declared_product_catalog_size is not null) as integer)
            + cast((coalesce(declared_monthly_revenue, 0) <> 0) as integer)
            as filled_field_count,
        -- Whether it filled in any of them
        filled_field_count > 0 as is_form_filled
    from first_deals as deals
    left join leads
        on leads.mql_id = deals.mql_id
    left join first_orders
        on first_orders.seller_id = deals.seller_id
)

select * from final
