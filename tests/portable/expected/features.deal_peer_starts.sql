
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
            as starts
    from (select * from features_deal_profile where reference_date = date '2018-03-01')
),

-- Starts a day in each third of the 30 days: the first days see fewer.
rates as (
    select
        -- Deals known, without those that sold before they were won: the same
        -- for all rows
        count(*) filter (where is_watched) as deal_count,
        ((count(*) filter (where starts = 1 and days_to_first_order
                between 0 and 9) + 500 * 0.006) / 1D / (sum(greatest(0, least(10, watched_days - 0))) + 500)) as daily_starts_0,
        ((count(*) filter (where starts = 1 and days_to_first_order
                between 10 and 19) + 500 * 0.006) / 1D / (sum(greatest(0, least(10, watched_days - 10))) + 500)) as daily_starts_10,
        ((count(*) filter (where starts = 1 and days_to_first_order
                between 20 and 29) + 500 * 0.006) / 1D / (sum(greatest(0, least(10, watched_days - 20))) + 500)) as daily_starts_20
    from watched
),

expected as (
    select
        watched.*,
        rates.deal_count,
        -- Starts expected of any deal within 30 days, the sum of its daily
        -- chances: the same for all rows
        10 * daily_starts_0 + 10 * daily_starts_10 + 10 * daily_starts_20
            as any_deal_starts,
        greatest(0, least(10, watched_days - 0))
            * daily_starts_0
        + greatest(0, least(10, watched_days - 10))
            * daily_starts_10
        + greatest(0, least(10, watched_days - 20))
            * daily_starts_20
            as expected_0
    from watched
    cross join rates
),

-- One group after the other, so that what two of them share counts once.
-- Decimals, because a sum of them does not depend on the order of rows.
by_lead_type as (
    select
        *,
        -- Starts seen / expected in the group that has the same lead_type
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_0) in ('double', 'float') then cast(cast(round((expected_0) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_0 as decimal(38, 12)) end)
                over same as double) + 8)) as lead_type_ratio,
        expected_0 * lead_type_ratio
            as expected_1
    from expected
    window same as (partition by lead_type)
),
by_business_type as (
    select
        *,
        -- Starts seen / expected in the group that has the same business_type
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_1) in ('double', 'float') then cast(cast(round((expected_1) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_1 as decimal(38, 12)) end)
                over same as double) + 8)) as business_type_ratio,
        expected_1 * business_type_ratio
            as expected_2
    from by_lead_type
    window same as (partition by business_type)
),
by_business_segment as (
    select
        *,
        -- Starts seen / expected in the group that has the same business_segment
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_2) in ('double', 'float') then cast(cast(round((expected_2) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_2 as decimal(38, 12)) end)
                over same as double) + 8)) as business_segment_ratio,
        expected_2 * business_segment_ratio
            as expected_3
    from by_business_type
    window same as (partition by business_segment)
),
by_lead_behaviour_profile as (
    select
        *,
        -- Starts seen / expected in the group that has the same lead_behaviour_profile
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_3) in ('double', 'float') then cast(cast(round((expected_3) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_3 as decimal(38, 12)) end)
                over same as double) + 8)) as lead_behaviour_profile_ratio,
        expected_3 * lead_behaviour_profile_ratio
            as expected_4
    from by_business_segment
    window same as (partition by lead_behaviour_profile)
),
by_is_form_filled as (
    select
        *,
        -- Starts seen / expected in the group that has the same is_form_filled
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_4) in ('double', 'float') then cast(cast(round((expected_4) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_4 as decimal(38, 12)) end)
                over same as double) + 8)) as is_form_filled_ratio,
        expected_4 * is_form_filled_ratio
            as expected_5
    from by_lead_behaviour_profile
    window same as (partition by is_form_filled)
),
by_time_to_deal as (
    select
        *,
        -- Starts seen / expected in the group that has the same time_to_deal
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_5) in ('double', 'float') then cast(cast(round((expected_5) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_5 as decimal(38, 12)) end)
                over same as double) + 8)) as time_to_deal_ratio,
        expected_5 * time_to_deal_ratio
            as expected_6
    from by_is_form_filled
    window same as (partition by time_to_deal)
),
by_sr_id as (
    select
        *,
        -- Starts seen / expected in the group that has the same sr_id
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_6) in ('double', 'float') then cast(cast(round((expected_6) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_6 as decimal(38, 12)) end)
                over same as double) + 8)) as sr_id_ratio,
        expected_6 * sr_id_ratio
            as expected_7
    from by_time_to_deal
    window same as (partition by sr_id)
),
by_origin as (
    select
        *,
        -- Starts seen / expected in the group that has the same origin
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_7) in ('double', 'float') then cast(cast(round((expected_7) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_7 as decimal(38, 12)) end)
                over same as double) + 8)) as origin_ratio,
        expected_7 * origin_ratio
            as expected_8
    from by_sr_id
    window same as (partition by origin)
),
by_landing_page_id as (
    select
        *,
        -- Starts seen / expected in the group that has the same landing_page_id
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_8) in ('double', 'float') then cast(cast(round((expected_8) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_8 as decimal(38, 12)) end)
                over same as double) + 8)) as landing_page_id_ratio,
        expected_8 * landing_page_id_ratio
            as expected_9
    from by_origin
    window same as (partition by landing_page_id)
),
by_won_weekday as (
    select
        *,
        -- Starts seen / expected in the group that has the same won_weekday
        -- (NULL is one too), given the groups before it; pulled to 1 while
        -- starts are few
        ((sum(starts) over same + 8 * 1) / (cast(sum(case when typeof(expected_9) in ('double', 'float') then cast(cast(round((expected_9) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(expected_9 as decimal(38, 12)) end)
                over same as double) + 8)) as won_weekday_ratio,
        expected_9 * won_weekday_ratio
            as expected_10
    from by_landing_page_id
    window same as (partition by won_weekday)
),

final as (
    select
        seller_id,
        deal_count,
        any_deal_starts,
        -- Root of the product of the ratios below: 2 is twice the usual starts
        sqrt(lead_type_ratio * business_type_ratio * business_segment_ratio * lead_behaviour_profile_ratio * is_form_filled_ratio * time_to_deal_ratio * sr_id_ratio * origin_ratio * landing_page_id_ratio * won_weekday_ratio) as start_ratio,
        lead_type_ratio,
        business_type_ratio,
        business_segment_ratio,
        lead_behaviour_profile_ratio,
        is_form_filled_ratio,
        time_to_deal_ratio,
        sr_id_ratio,
        origin_ratio,
        landing_page_id_ratio,
        won_weekday_ratio
    from by_won_weekday
)

select * from final
