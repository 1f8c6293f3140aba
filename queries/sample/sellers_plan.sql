{{ config(
    description = 'One row per seller that may sell: how large and how good, '
        ~ 'from when and for how long. All of it hidden from the models.',
) }}
-- One seller that found its own way here for 30 orders; in small samples more,
-- or there would be nothing to learn from. The funnel's sellers come on top.
with sellers as (
    select
        n as seller_no,
        null as lead_no,
        -- the pilot's, the rush of early 2017, and a steady stream
        case
            when {{ uniform('n', 'wave') }} < 0.05
                then 6 * {{ uniform('n', 'joined') }}
            when {{ uniform('n', 'wave') }} < 0.26
                then 17 + 10 * {{ uniform('n', 'joined') }}
            else 27 + 77 * {{ uniform('n', 'joined') }}
        end as joined_week,
    from generate_series(1, greatest(
        {{ var('orders', 100000) }} // 30,
        least({{ var('orders', 100000) }} // 5, 400),
        10
    )) as series(n)
    union all
    select
        1000000000 + lead_no,
        lead_no,
        date_diff('day', date '2016-09-05', won_at::date) / 7.0
            + setup_days / 7,
    from {{ ref('sample.deals_plan') }}
    where will_sell
),

characters as (
    select
        seller_no,
        lead_no,
        joined_week,
        -- few are large; the cap keeps one from being the whole market
        least({{ normal('seller_no', 'size') }}, 2.8) as size,
        {{ normal('seller_no', 'quality') }} as quality,
        {{ normal('seller_no', 'breadth') }} as breadth,
        {{ normal('seller_no', 'price') }} as price_level,
        case when {{ uniform('seller_no', 'trial') }} < 0.2 then 0.1 else 1 end
            as seriousness,
        floor(1000 * {{ uniform('seller_no', 'state') }})::bigint as state_slot,
        floor(1000 * {{ uniform('seller_no', 'category') }})::bigint
            as category_slot,
    from sellers
),

sized as (
    select
        *,
        exp(1.4 * size) as weekly_rate,
        least(ceil(12 * exp(1.0 * size + 0.6 * breadth)), 2000)::bigint
            as catalogue_size,
        -- who serves well, offers much and is not dear stays longer
        45 * seriousness * {{ exponential('seller_no', 'life') }}
            * exp(0.35 * quality + 0.25 * breadth - 0.25 * price_level
                + 0.3 * size) as life_weeks,
        2 + 5 * {{ uniform('seller_no', 'fade') }} as fade_weeks,
    from characters
)

select
    sized.* exclude (state_slot, category_slot, seriousness),
    sum(catalogue_size) over (order by seller_no)::bigint
        - catalogue_size as first_product_no,
    category.category_no,
    home.first_place_no
        + floor(home.place_count * {{ uniform('seller_no', 'place') }})::bigint
        as place_no,
from sized
inner join {{ ref('sample.slots') }} as category
    on category.slot = sized.category_slot
inner join {{ ref('sample.slots') }} as home
    on home.slot = sized.state_slot
