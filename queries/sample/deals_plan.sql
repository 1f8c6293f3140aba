{{ config(
    description = 'One row per deal won: what was written down about it, and '
        ~ 'whether its seller will start to sell.',
) }}
with drawn as (
    select
        lead_no,
        origin,
        rep_no,
        readiness,
        won_at,
        {{ pick('lead_no', 'segment', [
            'home_decor', 'home_decor', 'home_decor', 'home_decor',
            'health_beauty', 'health_beauty', 'health_beauty', 'health_beauty',
            'car_accessories', 'car_accessories', 'car_accessories',
            'household_utilities', 'household_utilities',
            'household_utilities', 'construction_tools_house_garden',
            'construction_tools_house_garden', 'audio_video_electronics',
            'audio_video_electronics', 'computers', 'pet', 'sports_leisure',
            'food_supplement', 'food_drink', 'bags_backpacks',
            'bed_bath_table', 'fashion_accessories', 'home_appliances',
            'toys', 'phone_mobile', 'stationery', 'small_appliances', 'other',
        ]) }} as segment,
        {{ pick('lead_no', 'type', [
            'online_medium', 'online_medium', 'online_medium',
            'online_medium', 'online_medium', 'online_big', 'online_big',
            'industry', 'industry', 'offline', 'offline', 'online_small',
            'online_small', 'online_beginner', 'online_top', 'other',
        ]) }} as lead_type,
        {{ pick('lead_no', 'profile', [
            'cat', 'cat', 'cat', 'cat', 'cat', 'none', 'none', 'none',
            'eagle', 'eagle', 'wolf', 'shark',
        ]) }} as profile,
        {{ pick('lead_no', 'business', [
            'reseller', 'reseller', 'reseller', 'reseller', 'reseller',
            'manufacturer', 'manufacturer', 'manufacturer',
        ]) }} as business_type,
        {{ uniform('lead_no', 'form') }} < 0.12 as has_form,
    from {{ ref('sample.leads_plan') }}
    where is_won
),

-- A few of these count for much, as in the real funnel: who is new to selling
-- online, or deals with a representative who signs anybody, seldom starts.
judged as (
    select
        *,
        case lead_type
            when 'online_big' then 1.0
            when 'online_medium' then 0.3
            when 'online_top' then 0.6
            when 'offline' then -1.6
            when 'industry' then -0.7
            else 0
        end
            + case profile
                when 'none' then 1.1
                when 'cat' then -0.2
                else -0.5
            end
            + case when business_type = 'manufacturer' then -0.7 else 0.2 end
            + case when has_form then 0.9 else 0 end
            + case when origin in ('social', 'display') then -0.6 else 0.1 end
            + 0.65 * {{ normal('segment', 'segment') }}
            + 0.5 * {{ normal('rep_no', 'rep') }}
            + 0.55 * readiness as promise,
    from drawn
)

select
    *,
    -- chance as odds: a logistic draw against what the deal promises
    1.4 * promise + ln(1 / (1 - {{ uniform('lead_no', 'start') }}) - 1)
        > -0.8 as will_sell,
    -- the days until the shop is filled and open
    5 + 27 * exp(-0.35 * promise + 0.55 * {{ normal('lead_no', 'setup') }})
        as setup_days,
    round(exp(3 + 1.2 * {{ normal('lead_no', 'catalogue') }})) as declared_size,
    round(exp(10 + 1.1 * {{ normal('lead_no', 'revenue') }}), -3)
        as declared_revenue,
from judged
