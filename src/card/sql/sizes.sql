-- The share of each segment, date by date: one row.
with named as (
    select segment, arg_max(segment_name, reference_date) as name
    from {profile}
    group by segment
),

placed as (
    select *, dense_rank() over (order by reference_date) - 1 as place
    from {profile}
),

series as (
    select
        segment,
        any_value(named.name) as name,
        list({'x': place, 'y': share} order by place) as points
    from placed
    inner join named using (segment)
    group by segment
)

select
    (select list(distinct reference_date order by reference_date) from {profile}) as dates,
    list({
        'name': name,
        'ink': ['model', 'realised', 'other', 'rule', 'realised_rule'][1 + (segment - 1) % 5],
        'shape': 'points',
        'points': points
    } order by segment) as series
from series
