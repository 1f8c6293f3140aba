{{ config(
    entity = 'deal',
    key = 'seller_id',
    description = '
        One row per seller won through the funnel before the reference date:
        what a deal of its business segment brings in the 30 days from its first
        order on, if it starts at all.
    ',
    checks = ['first_month_brl >= 0'],
) }}
{# A segment counts as if it had as many first months more, of the mean of all
   segments; these as if they had as many of what is assumed without any. #}
{% set prior_months = 8 %}
{% set prior_brl = 500 %}
with deals as (
    select
        *,
        days_since_deal - days_to_first_order as selling_days,
    from {{ ref('features.deal_profile') }}
),

-- Of those that started after the deal, and whose first 30 days are over.
first_months as (
    select
        deals.seller_id,
        deals.business_segment,
        sum(items.price) as revenue,
    from deals
    inner join {{ source('order_items') }} as items
        on items.seller_id = deals.seller_id
    where deals.days_to_first_order >= 0
        and deals.selling_days >= 30
        and {{ days_between('items.known_at', reference_date) }}
            > deals.selling_days - 30
    group by deals.seller_id, deals.business_segment
),

everyone as (
    select
        {{ shrunk('cast(coalesce(sum(revenue), 0) as double)', 'count(*)',
            prior_brl, prior_months) }} as mean_brl,
    from first_months
),

segments as (
    select
        business_segment,
        cast(sum(revenue) as double) as revenue,
        count(*) as months,
    from first_months
    group by business_segment
),

final as (
    select
        deals.seller_id,
        -- Revenue of the first 30 days in deals of its business segment (no
        -- segment is one too), pulled to the mean of all while they are few
        {{ shrunk(
            'coalesce(segments.revenue, 0)', 'coalesce(segments.months, 0)',
            'everyone.mean_brl', prior_months
        ) }} as first_month_brl,
    from deals
    cross join everyone
    left join segments
        on segments.business_segment is not distinct from deals.business_segment
)

select * from final
