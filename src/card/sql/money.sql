-- What is at stake in the newest list, and how much of it one reaches on the way down: one row, or none.
with list as (
    select score, coalesce(stake_brl, 0) as stake, decile, row_number() over (order by rank, {key}) as place,
        count(*) over () as rows
    from {scores}
    where reference_date = (select max(reference_date) from {scores})
),

summed as (
    select
        place / rows as share,
        sum(score * stake) over (order by place) as reached,
        ceil(50 * place / rows) as step
    from list
),

points as (
    select {'x': 0.0, 'y': 0.0} as point
    union all
    select {'x': max(share), 'y': max(reached)} from summed group by step
),

outcomes as (
    select
        reference_date as date,
        max(value) filter (where metric = 'stake_true_brl') as came_true,
        max(value) filter (where metric = 'stake_true_top_decile_brl') as top,
        max(rule_value) filter (where metric = 'stake_true_top_decile_brl') as rule_top
    from registry.outcomes
    where model = {model} and not is_back_cast
    group by reference_date, scored_at
    having came_true is not null and top is not null
    order by reference_date desc, scored_at desc
    limit 1
)

select
    sum(stake) as stake,
    sum(stake) filter (where decile = 1) as top_stake,
    sum(score * stake) as expected,
    sum(score * stake) filter (where decile = 1) as top_expected,
    (select list(point order by point.x) from points) as points,
    (select o from outcomes as o) as settled
from list
having sum(stake) > 0
