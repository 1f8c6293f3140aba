//! How the candidates of a training compared, as the registry has it.

use anyhow::Result;

use crate::output::Table;
use crate::warehouse::{Warehouse, text};

/// All candidates, folds and metrics of one training.
pub fn of(warehouse: &Warehouse, name: &str, version: i32) -> Result<Table> {
    let groups = "select 1 from registry.segments where model = ? and version = ?";
    let is_grouping = warehouse.row(groups, &[&name, &version], |_| Ok(()))?.is_some();
    let sql = if is_grouping { GROUPING } else { PREDICTING };
    let name = text(name);
    let of_version = format!("model = {name} and version = {version}");
    let measured = format!("from registry.metrics where {of_version}");
    let sql = sql.replace("{measured}", &measured).replace("{version}", &of_version);
    Ok(warehouse.arrow(&sql)?.table())
}

const GROUPING: &str = "
select candidate, snapshot, any_value(rows) as rows,
    printf('%.4f', max(value) filter (where metric = 'silhouette')) as silhouette,
    printf('%.4f', max(value) filter (where metric = 'stability')) as stability,
    printf('%.4f', max(value) filter (where metric = 'smallest_share')) as smallest_share,
    printf('%.4f', max(value) filter (where metric = 'outcome_roc_auc')) as outcome_roc_auc
{measured}
group by candidate, snapshot
order by min(rowid)";

const PREDICTING: &str = "
with one as (
    select candidate, slice, snapshot::varchar as snapshot, snapshots, metric, value, low, high, rows, entities,
        base_rate, rowid as place
    {measured}
),
mean as (
    select candidate, slice, 'mean' as snapshot, sum(snapshots) as snapshots, metric, avg(value) as value,
        null as low, null as high, sum(rows) as rows, null as entities, avg(base_rate) as base_rate, max(place) as place
    from one
    where snapshots > 0
    group by candidate, slice, metric
),
wide as (
    select candidate, slice, snapshot, min(place) as place, max(snapshots) as snapshots, max(rows) as rows,
        max(entities) as entities, max(base_rate) as base_rate,
        max(value) filter (where metric = 'mean_score') as mean_score,
        max(value) filter (where metric = 'roc_auc') as roc_auc,
        max(low) filter (where metric = 'roc_auc') as low,
        max(high) filter (where metric = 'roc_auc') as high,
        max(value) filter (where metric = 'pr_auc') as pr_auc,
        max(value) filter (where metric = 'ks') as ks,
        max(value) filter (where metric = 'log_loss') as log_loss,
        max(value) filter (where metric = 'brier') as brier,
        max(value) filter (where metric = 'top_decile_lift') as top_decile_lift
    from (from one union all by name from mean)
    group by candidate, slice, snapshot
)
select candidate, slice, snapshot, snapshots, rows, entities, printf('%.3f', base_rate) as base_rate,
    printf('%.3f', mean_score) as mean_score, printf('%.4f', roc_auc) as roc_auc,
    case when snapshot = 'mean' and slice is null
        then (
            select printf('%.3f..%.3f', m.low, m.high) from registry.means as m
            where {version} and m.candidate = wide.candidate and m.metric = 'roc_auc' and m.low is not null
        )
        when low is not null then printf('%.3f..%.3f', low, high)
    end as roc_auc_95,
    printf('%.3f', pr_auc) as pr_auc, printf('%.3f', ks) as ks, printf('%.4f', log_loss) as log_loss,
    printf('%.4f', brier) as brier, printf('%.2f', top_decile_lift) as lift_10
from wide
order by min(place) over (partition by candidate), slice is not null, slice, snapshot = 'mean', snapshot";
