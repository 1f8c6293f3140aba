-- The last day with at least half of the median daily orders of the 28 days
-- before it. In a dataset that thins out over weeks that median itself falls
-- to nothing, so a day also has to reach a tenth of the highest such median.
with daily as (
    select
        order_purchase_timestamp::date as day,
        count(*) as orders,
    from sources.orders
    group by all
),

calendar as (
    select unnest(generate_series(min(day), max(day), interval 1 day))::date
        as day,
    from daily
),

filled as (
    select
        calendar.day,
        coalesce(daily.orders, 0) as orders,
    from calendar
    left join daily
        on daily.day = calendar.day
),

compared as (
    select
        day,
        orders,
        median(orders) over (
            order by day rows between 28 preceding and 1 preceding
        ) as usual,
    from filled
)

select
    coalesce(
        max(day) filter (
            where orders > 0
                and orders >= 0.5 * usual
                and usual >= 0.1 * (select max(usual) from compared)
        ),
        max(day) filter (where orders > 0)
    )::varchar,
from compared
