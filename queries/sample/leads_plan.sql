{{ config(
    description = 'One row per lead of the marketing funnel, with what becomes '
        ~ 'of it: whether and when it is won, whether it will ever sell.',
) }}
-- Eight leads for a hundred orders; never so few that tests have no deals.
with leads as (
    select unnest(generate_series(1, greatest(
        {{ var('orders', 100000) }} * 8 // 100,
        least({{ var('orders', 100000) }}, 2000)
    ))) as lead_no
),

drawn as (
    select
        lead_no,
        -- a trial run in 2017, then the funnel in full swing
        (case
            when {{ uniform('lead_no', 'phase') }} < 0.24
                then date '2017-06-14'
                    + (200 * {{ uniform('lead_no', 'contact') }})::integer
            else date '2018-01-01'
                + (242 * {{ uniform('lead_no', 'contact') }})::integer
        end)::date as first_contact_on,
        {{ pick('lead_no', 'origin', [
            'organic_search', 'organic_search', 'organic_search',
            'organic_search', 'organic_search', 'paid_search', 'paid_search',
            'paid_search', 'social', 'social', 'social', 'unknown', 'unknown',
            'unknown', 'direct_traffic', 'email', 'referral', 'display',
            'other', 'none',
        ]) }} as origin,
        floor(400 * {{ uniform('lead_no', 'page') }} ** 2.5)::bigint
            as page_no,
        floor(16 * {{ uniform('lead_no', 'rep') }} ** 1.5)::bigint as rep_no,
        -- the two things about a lead that nobody writes down
        {{ normal('lead_no', 'interest') }} as interest,
        {{ normal('lead_no', 'readiness') }} as readiness,
    from leads
),

judged as (
    select
        *,
        case origin
            when 'unknown' then 0.5
            when 'organic_search' then 0.1
            when 'direct_traffic' then 0.1
            when 'paid_search' then 0.05
            when 'none' then 0.8
            when 'social' then -0.9
            else -0.9
        end + 0.45 * {{ normal('page_no', 'page appeal') }} as appeal,
    from drawn
),

won as (
    select
        *,
        appeal + 1.2 * interest > 1.42 as is_won,
        -- keen leads close soon
        first_contact_on + interval 9 hour + to_seconds(round(
            86400 * 10 * exp(1.1 * {{ normal('lead_no', 'talks') }}
                - 0.5 * readiness)
            + 36000 * {{ uniform('lead_no', 'hour') }}
        )::bigint) as won_at,
    from judged
)

select
    lead_no,
    first_contact_on,
    nullif(origin, 'none') as origin,
    page_no,
    rep_no,
    readiness,
    is_won and won_at >= '2017-12-04' and won_at < '2018-09-01' as is_won,
    won_at,
from won
