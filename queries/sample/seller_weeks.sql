{{ config(
    description = 'One row per seller and week with sales: how many orders, '
        ~ 'the number of the first one, and how much the seller neglects them.',
) }}
-- A seller's life: a start, a rate with moods and pauses, and a fading out at
-- the end of it. Neglect comes before the orders fade, so late hand-overs and
-- bad reviews say something that the orders do not say yet.
with life as (
    select
        *,
        unnest(generate_series(
            floor(joined_week)::bigint,
            least(103, floor(joined_week + life_weeks + 3 * fade_weeks))::bigint
        )) as week_no,
    from {{ ref('sample.sellers_plan') }}
),

activity as (
    select
        seller_no,
        week_no,
        least(1, greatest(0,
            (week_no - joined_week - life_weeks + 10) / 9
        )) as neglect,
        weekly_rate
            * (1 - exp(-(week_no - floor(joined_week) + 1) / 3))
            / (1 + exp((week_no - joined_week - life_weeks) / fade_weeks))
            -- moods of a season and of a month
            * exp(0.4 * {{ normal('seller_no, week_no // 13', 'season') }}
                + 0.4 * {{ normal('seller_no, week_no // 4', 'month') }})
            -- out of stock, on holiday
            * case
                when {{ uniform('seller_no, (week_no + seller_no) // 5',
                    'pause') }} < 0.09 then 0.03
                else 1
            end as activity,
    from life
),

-- Whole numbers, because the sum of floats depends on the order of adding.
measured as (
    select * replace (round(1e4 * activity)::bigint as activity)
    from activity
),

totals as (
    select
        week_no,
        sum(activity) as total_activity,
    from measured
    group by week_no
),

-- The orders of a week are shared out among those who sell in it; a few more
-- than asked for, so that purchases.sql can cut them to the exact number.
expected as (
    select
        measured.*,
        ({{ var('orders', 100000) }} * 1.01
            + 5 * sqrt({{ var('orders', 100000) }}) + 5)
            * weeks.week_share * activity / total_activity as expected_orders,
    from measured
    inner join totals
        on totals.week_no = measured.week_no
    inner join (
        select distinct week_no, week_share from {{ ref('sample.calendar') }}
    ) as weeks
        on weeks.week_no = measured.week_no
    where activity > 0
),

-- A number by chance with this mean: a third of it, rounded up or down by
-- chance, three times. Close to Poisson where that matters, for small means.
counted as (
    select
        seller_no,
        week_no,
        neglect,
        {% for third in [1, 2, 3] %}
        {{ '+' if not loop.first }} floor(expected_orders / 3
            + {{ uniform('seller_no, week_no', third ~ '. third') }})::bigint
        {% endfor %}
            as orders,
    from expected
)

select
    *,
    sum(orders) over (order by week_no, seller_no)::bigint - orders
        as first_order_no,
    sum(orders) over ()::bigint as all_orders,
from counted
where orders > 0
