
with population as (
    select * from (select * from features_deal_profile where reference_date = date '2018-03-01')
    where days_since_deal <= 90
        and days_to_first_order is null
),

-- What is still to come: the outcome, and only the label is made of it.
first_orders as (
    select
        seller_id,
        cast(min(known_at) as date) as first_day
    from sources_order_items
    where known_at >= date '2018-03-01'
    group by seller_id
),

final as (
    select
        population.* except (reference_date, days_to_first_order),
        peer_starts.* except (reference_date, seller_id),
        first_month.* except (reference_date, seller_id),
        -- 1 when the first order comes on the reference date or in the 29 days
        -- after it, else 0
        case
            when first_orders.first_day
                < (cast(date '2018-03-01' as date) + cast(30 as integer))
                then 1
            else 0
        end as is_activated,
        -- 30 days after the reference date
        (cast(date '2018-03-01' as date) + cast(30 as integer)) as label_known_on
    from population
    inner join (select * from features_deal_peer_starts where reference_date = date '2018-03-01') as peer_starts
        on peer_starts.seller_id = population.seller_id
    inner join (select * from features_deal_first_month where reference_date = date '2018-03-01') as first_month
        on first_month.seller_id = population.seller_id
    left join first_orders
        on first_orders.seller_id = population.seller_id
)

select * from final
