{{ config(
    description = '
        Sellers won in the last 90 days that have not sold yet: the twenty to
        help first, by what helps. unblock: won more than two weeks ago, and of
        a kind that starts more often than others, so something stands in the
        way. set up: won in the last two weeks; see that the shop is filled. win
        back: as old, and of a kind that starts less often; ask whether they
        still want to. Within each, the most likely to start first. why: how
        many times as often as other deals its peers start. worth_brl: revenue
        of the first month that help is expected to bring, if it starts one in
        ten of those who would not
    ',
) }}
{# An assumption, until a month in which half of the list is not helped has
   measured it. #}
{% set helped_share = 0.1 %}
{% set reasons = {
    'lead_type': 'type', 'business_type': 'business',
    'business_segment': 'segment', 'lead_behaviour_profile': 'profile',
    'time_to_deal': 'won', 'origin': 'origin',
    'representative': 'representative',
} %}
with scores as (
    select * from {{ ref('scores.seller_activation') }}
),

deals as (
    select
        *,
        left(sr_id, 8) as representative,
        sr_id_ratio as representative_ratio,
    from {{ ref('abt.seller_activation') }}
),

-- What sets a deal apart from the others: its two ratios furthest from 1.
ratios as (
    select
        seller_id,
        unnest([
        {% for column, name in reasons | items %}
            {
                'ratio': {{ column }}_ratio,
                'text': '{{ name }} ' || coalesce({{ column }}, 'unknown')
            },
        {% endfor %}
        ], recursive := true),
    from deals
),

whys as (
    select
        seller_id,
        array_to_string(list(
            text || ' x' || round(ratio, 1)
            order by abs(ln(ratio)) desc, text
        )[1:2], ', ') as why,
    from ratios
    group by seller_id
),

final as (
    select
        case
            when deals.days_since_deal <= 14 then 'set up'
            when deals.start_ratio >= 1 then 'unblock'
            else 'win back'
        end as action,
        scores.seller_id,
        round(scores.score, 3) as start_probability,
        round(scores.stake_brl, 2) as first_month_brl,
        round((1 - scores.score) * scores.stake_brl * {{ helped_share }}, 2)
            as worth_brl,
        deals.days_since_deal,
        deals.business_segment,
        deals.lead_type,
        deals.representative,
        deals.declared_monthly_revenue_brl,
        whys.why,
        scores.model_version,
    from scores
    inner join deals
        on deals.seller_id = scores.seller_id
    inner join whys
        on whys.seller_id = scores.seller_id
)

select * from final
qualify row_number() over (
    partition by action order by start_probability desc, seller_id
) <= 20
order by
    list_position(['unblock', 'set up', 'win back'], action),
    start_probability desc,
    seller_id
