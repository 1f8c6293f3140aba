{{ config(
    entity = 'deal',
    key = 'seller_id',
    description = '
        One row per seller won through the funnel before the reference date: how
        its peers started. A start is a first order within 30 days of the deal;
        seen and expected are counted over the deal-days before the reference
        date, so a deal counts from its first day on, not only when its 30 days
        are over.
    ',
    checks = ['any_deal_starts > 0 and start_ratio > 0'],
) }}
{# Who may be alike, and the groups in the order in which they may speak. #}
{% set groups = [
    'lead_type', 'business_type', 'business_segment',
    'lead_behaviour_profile', 'is_form_filled', 'time_to_deal', 'sr_id',
    'origin', 'landing_page_id', 'won_weekday',
] %}
{# Thirds of the 30 days after a deal, and what is assumed without history:
   0.006 starts a day, a start of 16.5 % of the deals within 30 days. #}
{% set thirds = [0, 10, 20] %}
{% set prior_daily_starts = 0.006 %}
{% set prior_days = 500 %}
{# A group counts as if it had as many starts more, seen and expected. #}
{% set prior_starts = 8 %}
-- Deal-days on which a start could be seen, up to the start itself. Who sold
-- before the deal could not start: neither days nor starts.
with watched as (
    select
        *,
        coalesce(days_to_first_order, 0) >= 0 as is_watched,
        case when is_watched then
            least(30, days_since_deal, coalesce(days_to_first_order + 1, 30))
        else 0 end as watched_days,
        case when is_watched and days_to_first_order < 30 then 1 else 0 end
            as starts,
    from {{ ref('features.deal_profile') }}
),

-- Starts a day in each third of the 30 days: the first days see fewer.
rates as (
    select
        -- Deals known, without those that sold before they were won: the same
        -- for all rows
        count(*) filter (where is_watched) as deal_count,
    {% for from in thirds %}
        {{ shrunk(
            'count(*) filter (where starts = 1 and days_to_first_order
                between ' ~ from ~ ' and ' ~ (from + 9) ~ ')',
            'sum(greatest(0, least(10, watched_days - ' ~ from ~ ')))',
            prior_daily_starts, prior_days
        ) }} as daily_starts_{{ from }},
    {% endfor %}
    from watched
),

expected as (
    select
        watched.*,
        rates.deal_count,
        -- Starts expected of any deal within 30 days, the sum of its daily
        -- chances: the same for all rows
        10 * daily_starts_{{ thirds | join(' + 10 * daily_starts_') }}
            as any_deal_starts,
    {% for from in thirds %}
        {{ '+ ' if not loop.first -}}
        greatest(0, least(10, watched_days - {{ from }}))
            * daily_starts_{{ from }}
    {% endfor %}
            as expected_0,
    from watched
    cross join rates
),

-- One group after the other, so that what two of them share counts once.
-- Decimals, because a sum of them does not depend on the order of rows.
{% for group in groups %}
by_{{ group }} as (
    select
        *,
        -- Starts seen / expected in the group that has the same {{ group }}
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        {{ shrunk(
            'sum(starts) over same',
            'cast(sum(cast(expected_' ~ loop.index0 ~ ' as decimal(38, 12)))
                over same as double)',
            1, prior_starts
        ) }} as {{ group }}_ratio,
        expected_{{ loop.index0 }} * {{ group }}_ratio
            as expected_{{ loop.index }},
    from {{ 'expected' if loop.first else 'by_' ~ loop.previtem }}
    window same as (partition by {{ group }})
),
{% endfor %}

final as (
    select
        seller_id,
        deal_count,
        any_deal_starts,
        -- Root of the product of the ratios below: 2 is twice the usual starts
        sqrt({{ groups | join('_ratio * ') }}_ratio) as start_ratio,
    {% for group in groups %}
        {{ group }}_ratio,
    {% endfor %}
    from by_{{ groups | last }}
)

select * from final
