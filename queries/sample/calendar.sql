{{ config(
    description = 'One row per day: its share of all orders, and how slow '
        ~ 'deliveries are for parcels that set out on it.',
) }}
-- A pilot in the autumn of 2016, two empty months, then growth that flattens
-- out, more orders early in the week, and a peak in November. day_from and
-- day_to divide 0..1 among the days of a week, for draws of a purchase day.
with days as (
    select
        day::date as day,
        date_diff('day', date '2016-09-05', day::date) // 7 as week_no,
        date_diff('day', date '2017-01-01', day::date) / 30.4 as months,
        isodow(day) as weekday,
    from generate_series(
        timestamp '2016-09-05', timestamp '2018-08-31', interval 1 day
    ) as series(day)
),

weights as (
    select
        day,
        week_no,
        case
            when day < date '2016-10-01' then 0.003
            when day < date '2016-10-22' then 0.28
            when day < date '2017-01-05' then 0
            else 8.3 * (1 - exp(-(months + 0.7) / 9.5))
        end
            * [1.14, 1.13, 1.10, 1.05, 1.01, 0.76, 0.83][weekday]
            * case
                when day = date '2017-11-24' then 5.5
                when day between date '2017-11-23' and date '2017-11-28' then 2
                when day between date '2017-11-10' and date '2017-12-05'
                    then 1.25
                when day between date '2017-12-20' and date '2018-01-01'
                    then 0.6
                else 1
            end
            -- no two days are alike
            * exp(0.1 * {{ normal('day', 'demand') }}) as weight,
    from days
),

-- Bad weeks of the whole network: the November peak, the rains and strikes of
-- February and March, and some that chance puts in. In the summer of 2018
-- everything goes well. 1 is an ordinary week.
waves as (
    select
        week_no,
        min(day) as monday,
        1 + 0.55 * exp(-pow((week_no - 64) / 2.2, 2))
            + 0.9 * exp(-pow((week_no - 78.5) / 3.0, 2))
            - 0.22 * exp(-pow((week_no - 92) / 5.0, 2))
            + 0.25 * greatest({{ normal('week_no // 3', 'wave') }} - 1, 0)
            + 0.06 * {{ normal('week_no', 'week') }} as slowness,
    from weights
    group by week_no
),

shares as (
    select
        *,
        sum(round(weight * 1e6)::bigint) over (
            partition by week_no order by day
        )::bigint as weight_to,
        sum(round(weight * 1e6)::bigint) over (
            partition by week_no
        )::bigint as week_weight,
        sum(round(weight * 1e6)::bigint) over ()::bigint as total_weight,
    from weights
)

select
    shares.day,
    shares.week_no,
    (weight_to - round(weight * 1e6)::bigint) / week_weight as day_from,
    weight_to / week_weight as day_to,
    week_weight / total_weight as week_share,
    waves.slowness,
from shares
inner join waves
    on waves.week_no = shares.week_no
order by shares.day
