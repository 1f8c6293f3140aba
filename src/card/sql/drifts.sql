-- How far the inputs of each scored list, and its scores, are from what they were: one row.
with lists as (
    select
        reference_date as date,
        max(psi) filter (where input <> 'score') as inputs,
        max(psi) filter (where input = 'score') as score,
        dense_rank() over (order by reference_date) - 1 as place
    from registry.drift
    where model = {model}
    group by reference_date, scored_at
    qualify row_number() over (partition by reference_date order by scored_at desc) = 1
)

select
    list(date order by date) as dates,
    [
        {'ink': 'inputs', 'shape': 'points', 'points': list({'x': place, 'y': inputs} order by date)},
        {'ink': 'scores', 'shape': 'points', 'points': list({'x': place, 'y': score} order by date)}
    ] as series
from lists
having count(*) > 0
