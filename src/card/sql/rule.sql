-- The rule that stands beside the version, and how far the version is ahead of it: one row, or none.
with named as (
    select rule, difference, low, high from registry.rules
    where model = {model} and version = {version}
    union all
    -- A version of an earlier olist: the rule that its lists are compared with.
    select any_value(rule), null, null, null from registry.outcomes
    where model = {model} and model_version = {version}
    having count(rule) > 0
),

best as (select * from named order by difference is null limit 1)

select best.*, avg(m.value) as mean, any_value(i.low) as mean_low, any_value(i.high) as mean_high
from best
left join registry.metrics as m
    on m.model = {model} and m.version = {version} and m.candidate = best.rule and m.metric = {metric}
        and m.slice is null and m.snapshots > 0
left join registry.means as i
    on i.model = {model} and i.version = {version} and i.candidate = best.rule and i.metric = {metric}
group by all
