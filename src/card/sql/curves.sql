-- The lists of all folds together, from the top, of the model and of the rule: one row of series.
with pooled as (
    select candidate, part, sum(rows) as rows, sum(positives) as positives
    from registry.curves
    where model = {model} and version = {version}
    group by candidate, part
),

summed as (
    select
        candidate,
        part,
        sum(rows) over list as rows,
        sum(positives) over list as found,
        sum(rows) over whole as all_rows,
        sum(positives) over whole as all_found
    from pooled
    window list as (partition by candidate order by part), whole as (partition by candidate)
),

shares as (
    select
        candidate = {candidate} as is_model,
        part,
        rows / all_rows as share,
        found / all_found as recall,
        (rows - found) / (all_rows - all_found) as false_share,
        found / rows as precision,
        all_found / all_rows as base_rate
    from summed
    union all
    select distinct candidate = {candidate}, 0, 0, 0, 0, null, all_found / all_rows from summed
),

series as (
    select
        is_model,
        case when is_model then 'model' else 'rule' end as ink,
        list({'x': share, 'y': recall} order by part) as gain,
        list({'x': false_share, 'y': recall} order by part) as roc,
        list({'x': recall, 'y': precision} order by part) filter (where precision is not null) as pr,
        any_value(base_rate) as base_rate
    from shares
    group by is_model
)

select
    max(base_rate) filter (where is_model) as base_rate,
    list({'ink': ink, 'points': gain} order by not is_model) as gain,
    list({'ink': ink, 'points': roc} order by not is_model) as roc,
    list({'ink': ink, 'points': pr} order by not is_model) as pr
from series
having count(*) > 0
