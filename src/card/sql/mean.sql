-- The version out of time: one row.
select
    avg(value) filter (where metric = {metric}) as mean,
    (
        select any_value(i.low) from registry.means as i
        where i.model = {model} and i.version = {version} and i.metric = {metric} and i.candidate = {candidate}
    ) as low,
    (
        select any_value(i.high) from registry.means as i
        where i.model = {model} and i.version = {version} and i.metric = {metric} and i.candidate = {candidate}
    ) as high,
    avg(value) filter (where metric = 'top_decile_lift') as lift,
    avg(value) filter (where metric = 'base_rate') as base_rate,
    sum(rows) filter (where metric = {metric}) as rows,
    count(*) filter (where metric = {metric}) as folds,
    min(snapshot) as since,
    max(snapshot) as until
from registry.metrics
where model = {model} and version = {version} and candidate = {candidate} and slice is null and snapshots > 0
