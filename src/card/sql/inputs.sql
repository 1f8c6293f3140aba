-- The inputs that count, and in which direction: the mean score where all rows have one value.
with curves as (
    select
        input,
        list({'x': value, 'y': mean_score} order by value) as points,
        list(mean_score order by value) as scores
    from registry.dependence
    where model = {model} and version = {version}
    group by input
),

steps as (
    select
        *,
        list_transform(range(2, len(scores) + 1), lambda i: scores[i] - scores[i - 1]) as moves
    from curves
),

directions as (
    select
        *,
        coalesce(list_sum(list_filter(moves, lambda move: move > 0)), 0) as up,
        -coalesce(list_sum(list_filter(moves, lambda move: move < 0)), 0) as down
    from steps
)

select
    i.input,
    i.roc_auc_drop,
    n.description,
    d.points,
    list_max(d.scores) as highest,
    list_min(d.scores) as lowest,
    case
        when d.input is null then null
        when up + down < 0.002 then 'flat'
        when down <= 0.1 * (up + down) then 'up'
        when up <= 0.1 * (up + down) then 'down'
        else 'both'
    end as direction
from registry.importances as i
left join registry.inputs as n using (model, version, input)
left join directions as d on d.input = i.input
where i.model = {model} and i.version = {version}
order by i.roc_auc_drop desc, i.input
limit 12
