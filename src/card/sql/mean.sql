-- The version out of time: one row.
with own as (
    select candidate from registry.models
    where model = {model} and version = {version}
),

folds as (
    select m.*
    from registry.metrics as m
    inner join own using (candidate)
    where m.model = {model} and m.version = {version} and m.slice is null and m.snapshots > 0
)

select
    avg(value) filter (where metric = {metric}) as mean,
    (
        select any_value(i.low) from registry.means as i
        where i.model = {model} and i.version = {version} and i.metric = {metric}
            and i.candidate in (from own)
    ) as low,
    (
        select any_value(i.high) from registry.means as i
        where i.model = {model} and i.version = {version} and i.metric = {metric}
            and i.candidate in (from own)
    ) as high,
    avg(value) filter (where metric = 'top_decile_lift') as lift,
    avg(value) filter (where metric = 'base_rate') as base_rate,
    sum(rows) filter (where metric = {metric}) as rows,
    count(*) filter (where metric = {metric}) as folds,
    min(snapshot) as since,
    max(snapshot) as until
from folds
