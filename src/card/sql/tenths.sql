-- Said and come true, by tenths of the lists: shares with Wilson's interval, as wide as of so many entities as
-- there were: one row.
with own as (
    select * from registry.curves
    where model = {model} and version = {version} and candidate = {candidate}
),

weight as (
    select sum(entities) / sum(rows) as entities
    from registry.metrics
    where model = {model} and version = {version} and candidate = {candidate} and metric = {metric}
        and slice is null and snapshots > 0
),

tenths as (
    select
        (part + 9) // 10 as tenth,
        sum(rows) as rows,
        sum(positives) / sum(rows) as observed,
        sum(rows * mean_score) / sum(rows) as expected,
        greatest(sum(rows) * any_value(weight.entities), 1) as size
    from own, weight
    group by tenth
),

wilson as (
    select
        *,
        (observed + 3.8416 / (2 * size)) / (1 + 3.8416 / size) as centre,
        1.96 * sqrt(observed * (1 - observed) / size + 3.8416 / (4 * size * size)) / (1 + 3.8416 / size) as half
    from tenths
)

select
    list({'x': tenth - 1, 'y': observed / mean} order by tenth) as lift,
    list({
        'x': expected,
        'y': observed,
        'low': greatest(centre - half, 0),
        'high': least(centre + half, 1)
    } order by expected) as calibration,
    [{'x': min(expected), 'y': min(expected)}, {'x': max(expected), 'y': max(expected)}] as diagonal
from wilson, (select sum(observed * rows) / sum(rows) as mean from wilson)
having count(*) > 0
