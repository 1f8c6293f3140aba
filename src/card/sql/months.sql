-- The deciding metric of every out-of-time fold of the version, and of every settled list, of model and rule: one row.
with measured as (
    select
        snapshot as date,
        'fold' as kind,
        {version} as version,
        false as is_back_cast,
        max(value) filter (where candidate = {candidate}) as value,
        max(low) filter (where candidate = {candidate}) as low,
        max(high) filter (where candidate = {candidate}) as high,
        max(value) filter (where candidate = {rule}) as rule_value,
        max(low) filter (where candidate = {rule}) as rule_low,
        max(high) filter (where candidate = {rule}) as rule_high,
        max(rows) as rows,
        max(base_rate) as base_rate
    from registry.metrics
    where model = {model} and version = {version} and metric = {metric} and slice is null and snapshots > 0
    group by snapshot
    union all
    select o.reference_date, 'list', o.model_version, o.is_back_cast, o.value, o.low, o.high, o.rule_value,
        null, null, o.rows, b.value
    from registry.outcomes as o
    left join registry.outcomes as b
        on b.model = o.model and b.reference_date = o.reference_date and b.model_version = o.model_version
            and b.scored_at = o.scored_at and b.metric = 'base_rate'
    where o.model = {model} and o.metric = {metric}
),

placed as (
    select *, dense_rank() over (order by date) - 1 as place
    from measured
),

series as (
    select 1 as place, 'model' as ink,
        list({'x': place, 'y': value, 'low': low, 'high': high} order by date) as points
    from placed where kind = 'fold' and value is not null
    union all
    select 2, 'rule', list({'x': place, 'y': rule_value, 'low': rule_low, 'high': rule_high} order by date)
    from placed where kind = 'fold' and rule_value is not null
    union all
    select 3, 'realised', list({'x': place, 'y': value, 'low': low, 'high': high} order by date)
    from placed where kind = 'list' and not is_back_cast and value is not null
    union all
    select 4, 'realised_rule', list({'x': place, 'y': rule_value, 'low': null, 'high': null} order by date)
    from placed where kind = 'list' and not is_back_cast and rule_value is not null
)

select
    (select list(p order by date, kind, version) from placed as p) as rows,
    (select list(distinct date order by date) from placed) as dates,
    (
        select list({'ink': ink, 'shape': 'points', 'points': points} order by place)
        from series where points is not null
    ) as series
