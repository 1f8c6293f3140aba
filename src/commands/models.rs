//! `olist models [MODEL]`

use anyhow::Result;

use super::score::table_of;
use crate::output::Table;
use crate::problem::Problem;
use crate::session::Session;
use crate::term;
use crate::warehouse::{Warehouse, text};

pub fn models(session: &Session, name: Option<&str>) -> Result<()> {
    let warehouse = session.open_read_only()?;
    match name {
        None => all(session, &warehouse),
        Some(name) => one(session, &warehouse, name),
    }
}

fn all(session: &Session, warehouse: &Warehouse) -> Result<()> {
    let rows = warehouse.arrow(
        "select m.model, m.version, m.candidate as champion, m.algorithm, m.metric, round(m.mean_metric, 4) as mean,
             m.as_of, m.trained_through, m.trained_rows as rows, c.since::timestamp(0) as champion_since
         from registry.models as m
         inner join registry.champions as c on c.model = m.model and c.version = m.version and c.until is null
         order by m.model",
    )?;
    if rows.rows() == 0 {
        term::note("no model is trained yet: `olist run --date D` trains those that are due");
        return Ok(());
    }
    table_of(&rows).print(session.options.format)
}

fn one(session: &Session, warehouse: &Warehouse, name: &str) -> Result<()> {
    let versions = warehouse.arrow(&format!(
        "select m.version, m.candidate, m.algorithm, round(m.mean_metric, 4) as mean_{metric}, m.as_of,
             m.trained_through, m.trained_rows as rows, octet_length(m.fitted) as bytes,
             case when c.until is null then 'champion' else coalesce(c.ended_because, '') end as state,
             c.since::timestamp(0) as since, c.until::timestamp(0) as until, c.reason
         from registry.models as m
         left join registry.champions as c on c.model = m.model and c.version = m.version
         where m.model = {}
         order by c.since",
        text(name),
        metric = metric_of(warehouse, name)?
    ))?;
    table_of(&versions).print(session.options.format)?;
    let last =
        warehouse.row("select max(version) from registry.models where model = ?", &[&name], |row| {
            row.get::<_, Option<i32>>(0)
        })?;
    let Some(last) = last.flatten() else { return Ok(()) };
    if session.options.format == crate::output::Format::Table {
        term::note(&format!(
            "\nout of time, at the training of version {last} (95 % intervals in registry.metrics):"
        ));
        metrics_table(warehouse, name, last)?.print(session.options.format)?;
    }
    Ok(())
}

fn metric_of(warehouse: &Warehouse, name: &str) -> Result<String> {
    let metric = warehouse.row(
        "select metric from registry.models where model = ? order by version desc limit 1",
        &[&name],
        |row| row.get::<_, String>(0),
    )?;
    metric.ok_or_else(|| {
        Problem::usage(format!("`{name}` has no versions"))
            .hint(format!("`olist models` lists what is trained; `olist train {name}` trains it"))
            .into()
    })
}

/// All candidates, snapshots and metrics of one training.
pub fn metrics_table(warehouse: &Warehouse, name: &str, version: i32) -> Result<Table> {
    let rows = warehouse.arrow(&format!(
        "with one as (
             select candidate, snapshot::varchar as snapshot, metric, value, low, high, rows, base_rate, rowid as place
             from registry.metrics
             where model = {name} and version = {version}
         ),
         mean as (
             select candidate, 'mean' as snapshot, metric, avg(value) as value, null as low, null as high,
                 sum(rows) as rows, avg(base_rate) as base_rate, max(place) as place
             from one
             group by candidate, metric
         ),
         wide as (
             select candidate, snapshot, min(place) as place, max(rows) as rows, max(base_rate) as base_rate,
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
             group by candidate, snapshot
         )
         select candidate, snapshot, rows, printf('%.3f', base_rate) as base_rate, printf('%.3f', mean_score) as mean_score,
             printf('%.4f', roc_auc) as roc_auc,
             case when low is not null then printf('%.3f..%.3f', low, high) end as roc_auc_95,
             printf('%.3f', pr_auc) as pr_auc, printf('%.3f', ks) as ks, printf('%.4f', log_loss) as log_loss,
             printf('%.4f', brier) as brier, printf('%.2f', top_decile_lift) as lift_10
         from wide
         order by min(place) over (partition by candidate), snapshot = 'mean', snapshot",
        name = text(name)
    ))?;
    Ok(table_of(&rows))
}
