//! Scores: what a version says of one reference date, and the partition that is made of it.

mod probability;
mod reasons;
mod rule;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use duckdb::arrow::array::{ArrayRef, Float64Array};
use duckdb::arrow::datatypes::DataType;

pub use probability::probabilities;
pub use reasons::{Reasons, TYPE as REASONS};

use crate::config::Task;
use crate::dataset::{Dataset, Snapshot, Workspace};
use crate::fingerprint;
use crate::partitions::{self, Fingerprints};
use crate::registry::Version;
use crate::sql::Select;
use crate::warehouse::{Warehouse, ident, idents, text};

/// What a version says of a date: rows in the temporary table `stage`, and what the score table makes of them.
pub struct Scores {
    pub data: Dataset,
    /// A number a row: the probability, or the segment.
    pub values: Vec<f64>,
    pub reasons: Reasons,
    /// Over the staged rows.
    pub columns: String,
    pub comments: &'static [(&'static str, &'static str)],
    /// In which order they are stored; the key follows.
    pub order: &'static str,
    /// What the scores of a date in `{table}` are like, for others: names and values.
    pub summary: &'static str,
}

pub fn inputs(snapshot: &Snapshot, version: &Version, made_of: &Fingerprints) -> BTreeMap<String, String> {
    let select = &snapshot.select;
    let own = [("sql", fingerprint::of(&[&select.normal])), ("version", version.number.to_string())];
    let below = |table: &String| {
        (table.clone(), made_of.get(&(table.clone(), snapshot.date)).cloned().unwrap_or_default())
    };
    own.map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .chain(select.refs.iter().map(below))
        .collect()
}

/// What names the partitions that scores are made of: the profile of segments shows labels as well.
pub const fn made_of<'a>(
    task: &Task,
    visible: &'a Fingerprints,
    fingerprints: &'a Fingerprints,
) -> &'a Fingerprints {
    match task {
        Task::Binary(_) => visible,
        Task::Clusters(_) => fingerprints,
    }
}

/// Why scores of these inputs are others than those of the inputs `before`; `None` where they are the same.
pub fn changed(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Option<String> {
    let (name, value) = now.iter().find(|(name, value)| before.get(*name) != Some(*value))?;
    Some(match name.as_str() {
        "sql" => "the model's SQL changed".to_owned(),
        "version" => format!("version {value} is in force"),
        table => format!("{table} changed"),
    })
}

/// `scores.seller_churn_history`: deliveries that were replaced.
pub fn history_of(table: &str) -> String {
    format!("{table}_history")
}

/// Replaces the scores of a date by `write`; those that were there are kept if they were others, with what had changed.
/// Runs inside the transaction of the date.
pub fn replace_delivery(
    warehouse: &Warehouse,
    table: &str,
    date: NaiveDate,
    why: &str,
    write: impl FnOnce() -> Result<i64>,
) -> Result<i64> {
    let rows = format!("from {table} where reference_date = date '{date}'");
    warehouse.batch(&format!("create or replace temp table delivered as {rows}"))?;
    let written = write()?;
    let before = warehouse.columns_of("temp", "delivered")?;
    let is_same_shape = before == warehouse.columns(table)?;
    let apart = format!(
        "select 1 from (select * exclude (scored_at) from temp.delivered except all select * exclude (scored_at) {rows}) limit 1"
    );
    if !is_same_shape || warehouse.row(&apart, &[], |_| Ok(()))?.is_some() {
        keep(warehouse, table, why)?;
    }
    warehouse.batch("drop table temp.delivered")?;
    Ok(written)
}

/// Adds the rows of `delivered` to the deliveries that were replaced.
fn keep(warehouse: &Warehouse, table: &str, why: &str) -> Result<()> {
    let history = history_of(table);
    let because = text(why);
    let delivered = format!(
        "select *, now()::timestamp as replaced_at, {because} as replaced_because from temp.delivered"
    );
    let mut shape = warehouse.describe(&Select::of(&delivered)?)?;
    // What earlier deliveries had besides stays.
    let names: Vec<String> = shape.iter().map(|(name, _)| name.clone()).collect();
    shape.extend(warehouse.columns(&history)?.into_iter().filter(|(name, _)| !names.contains(name)));
    if partitions::fit(warehouse, &history, &shape)?.is_some() {
        warehouse.batch(&format!(
            "comment on table {history} is 'Deliveries of {table} that were replaced: one row per key, reference date and delivery';
             comment on column {history}.replaced_at is 'When the rows were replaced';
             comment on column {history}.replaced_because is 'What had changed'"
        ))?;
    }
    warehouse.batch(&format!("insert into {history} by name {delivered}"))?;
    Ok(())
}

impl Scores {
    /// Replaces the partition of the score table; gives its rows. Runs inside the transaction of the date.
    pub fn write(&self, at: Workspace<'_>, version: &Version, date: NaiveDate) -> Result<i64> {
        let spec = &at.model.spec;
        let key = idents(&spec.key);
        let sql = format!(
            "select date '{date}' as reference_date, {key}, {}, {}::integer as model_version,
                 date '{}' as trained_through, now()::timestamp as scored_at
             from temp.main.stage order by {}, {key}",
            self.columns, version.number, version.trained_through, self.order,
        );
        let description =
            format!("One row per {} and reference date. {}", spec.key.join(", "), spec.description);
        replace(at.warehouse, &at.model.table(), date, &sql, &description, self.comments)?;
        Ok(i64::try_from(self.values.len())?)
    }

    /// Name and value of what the written scores of a date are like.
    pub fn summarize(&self, at: Workspace<'_>, date: NaiveDate) -> Result<BTreeMap<String, f64>> {
        let sql = self.summary.replace("{table}", &at.model.table());
        let values = at.warehouse.rows(&sql, &[&date], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(values.into_iter().collect())
    }
}

/// Replaces the partition of `table` by the rows of `sql`. Its columns follow the query's.
pub fn replace(
    warehouse: &Warehouse,
    table: &str,
    date: NaiveDate,
    sql: &str,
    description: &str,
    comments: &[(&str, &str)],
) -> Result<()> {
    let shape = warehouse.describe(&Select::of(sql)?)?;
    if partitions::fit(warehouse, table, &shape)?.is_some() {
        let mut statements = vec![format!("comment on table {table} is {}", text(description))];
        let known = comments.iter().chain(&SHARED);
        for (column, words) in known.filter(|(name, _)| shape.iter().any(|(column, _)| column == name)) {
            statements.push(format!("comment on column {table}.{} is {}", ident(column), text(words)));
        }
        warehouse.batch(&statements.join(";"))?;
    }
    warehouse.execute(&format!("delete from {table} where reference_date = ?"), &[&date])?;
    warehouse.batch(&format!("insert into {table} by name {sql}"))?;
    Ok(())
}

/// What all score tables say of their rows.
const SHARED: [(&str, &str); 4] = [
    ("reference_date", "Midnight at the start of this day; the score knows nothing later"),
    ("model_version", "Version in registry.models"),
    (
        "trained_through",
        "Last label date the version was trained on, or its last snapshot where it has no label; later than reference_date: a back-cast",
    ),
    ("scored_at", "When the row was written"),
];

/// Puts the keys of `rows`, and `values` beside them, into the temporary table `stage`.
pub fn stage(at: Workspace<'_>, data: &Dataset, rows: &[usize], values: Vec<(&str, ArrayRef)>) -> Result<()> {
    let typed = |name: &String| {
        let sql_type = data.columns.iter().find(|(column, _)| column == name).map_or("varchar", |(_, t)| t);
        format!("{} {sql_type}", ident(name))
    };
    let own = |(name, values): &(&str, ArrayRef)| {
        let sql_type = if *values.data_type() == DataType::Float64 { "double" } else { REASONS };
        format!("{name} {sql_type}")
    };
    let columns: Vec<String> = at.model.spec.key.iter().map(typed).chain(values.iter().map(own)).collect();
    at.warehouse.batch(&format!(
        "drop table if exists temp.main.stage; create temp table stage ({})",
        columns.join(", ")
    ))?;
    if data.keys.is_empty() {
        return Ok(());
    }
    let mut columns = data.keys_of(rows)?;
    columns.extend(values.into_iter().map(|(name, values)| (name.to_owned(), values)));
    at.warehouse.stage(columns)
}

pub fn numbers(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}
