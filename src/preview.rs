//! What a run did in a scratch database, beside the database as it is: tables by rows and columns, models by scores.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use crate::catalog::{Catalog, Model, Node};
use crate::config::Task;
use crate::difference::{Column, Difference, Mismatch};
use crate::partitions::{Ledger, why};
use crate::registry;
use crate::warehouse::{Warehouse, idents};

/// The name under which the database as it is is attached.
pub const BEFORE: &str = "before";

#[derive(Serialize)]
pub struct Preview {
    pub tables: Vec<TablePreview>,
    pub models: Vec<ModelPreview>,
}

/// Compares `scratch`, to which the database as it is is attached, with it. `run_id` is the run in the scratch.
pub fn preview(scratch: &Warehouse, catalog: &Catalog, run_id: &str) -> Result<Preview> {
    let (before, after) = (Ledger::read_of(scratch, BEFORE)?, Ledger::read(scratch)?);
    let mut preview = Preview { tables: Vec::new(), models: Vec::new() };
    for node in catalog.order.iter().filter_map(|name| catalog.tables.get(name)) {
        preview.tables.extend(table_preview(scratch, node, &before, &after)?);
    }
    for model in catalog.models.values() {
        preview.models.extend(model_preview(scratch, model, run_id, &before, &after)?);
    }
    Ok(preview)
}

impl Preview {
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.models.is_empty()
    }
}

/// Rows that are there on one side alone, or a column whose values differ.
#[derive(Serialize)]
pub struct Differing {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub column: String,
    pub rows: i64,
    pub example: String,
}

#[derive(Serialize, Default)]
pub struct TablePreview {
    pub table: String,
    /// Why, for each date on which it is built.
    pub dates: BTreeMap<String, String>,
    /// Dates among them that were not built before.
    pub new_dates: Vec<String>,
    pub columns_added: Vec<String>,
    pub columns_removed: Vec<String>,
    /// As `column (INTEGER to DOUBLE)`.
    pub columns_retyped: Vec<String>,
    /// Rows of the dates that were built before, then and now.
    pub rows_before: i64,
    pub rows_after: i64,
    pub rows_removed: Option<Differing>,
    pub rows_added: Option<Differing>,
    pub columns_different: Vec<Differing>,
}

/// What became of a table; `None` where nothing was built of it.
fn table_preview(
    warehouse: &Warehouse,
    node: &Node,
    before: &Ledger,
    after: &Ledger,
) -> Result<Option<TablePreview>> {
    let mut dates: BTreeMap<NaiveDate, String> = BTreeMap::new();
    for date in after.dates(&node.name) {
        let entry =
            after.get(&node.name, date).and_then(|entry| why(&entry.inputs, before.get(&node.name, date)));
        dates.extend(entry.map(|why| (date, why)));
    }
    if dates.is_empty() {
        return Ok(None);
    }
    let (old, new_dates): (Vec<NaiveDate>, Vec<NaiveDate>) =
        dates.keys().copied().partition(|date| before.get(&node.name, *date).is_some());
    let mut preview = TablePreview {
        table: node.name.clone(),
        dates: dates.into_iter().map(|(date, why)| (date.to_string(), why)).collect(),
        new_dates: new_dates.iter().map(ToString::to_string).collect(),
        ..TablePreview::default()
    };
    if !old.is_empty() {
        preview.compare(warehouse, node, &old)?;
    }
    Ok(Some(preview))
}

impl TablePreview {
    fn compare(&mut self, warehouse: &Warehouse, node: &Node, dates: &[NaiveDate]) -> Result<()> {
        let (w, c) = (warehouse.columns_of(BEFORE, &node.name)?, warehouse.columns(&node.name)?);
        let type_of = |columns: &[Column], name: &str| {
            columns.iter().find(|(other, _)| other == name).map(|(_, sql_type)| sql_type.clone())
        };
        let removed = w.iter().map(|(name, _)| name).filter(|name| type_of(&c, name).is_none());
        self.columns_removed = removed.cloned().collect();
        let mut shared = Vec::new();
        for column @ (name, sql_type) in &c {
            let is_key = node.spec.key.contains(name) || name == "reference_date";
            match type_of(&w, name) {
                None => self.columns_added.push(name.clone()),
                Some(before) if before != *sql_type => {
                    self.columns_retyped.push(format!("{name} ({before} to {sql_type})"));
                }
                Some(_) if is_key => {}
                Some(_) => shared.push(column),
            }
        }
        let days: Vec<String> = dates.iter().map(|date| format!("date '{date}'")).collect();
        let rows = |database: &str| {
            format!("(from {database}.{} where reference_date in ({}))", node.name, days.join(", "))
        };
        let key: Vec<String> = [vec!["reference_date".to_owned()], node.spec.key.clone()].concat();
        let difference = Difference::new(warehouse, &rows(BEFORE), &rows("warehouse"), &key);
        let compared = difference.compare(shared)?;
        let differing = |mismatch: Mismatch| {
            let example = difference.example(&mismatch, "then")?;
            Ok(Differing { column: mismatch.column, rows: mismatch.rows, example })
        };
        (self.rows_before, self.rows_after) = (compared.w, compared.c);
        self.rows_removed = compared.gone.map(differing).transpose()?;
        self.rows_added = compared.new.map(differing).transpose()?;
        self.columns_different = compared.columns.into_iter().map(differing).collect::<Result<_>>()?;
        Ok(())
    }
}

/// Entities that are shown of those whose scores move.
const MOST: usize = 5;

#[derive(Serialize)]
pub struct ModelPreview {
    pub model: String,
    /// Versions that were trained.
    pub versions: Vec<Trained>,
    /// Dates that are scored again, and what moves.
    pub scores: Vec<Moved>,
    /// Dates that were not scored before, and how many scores they get.
    pub new_scores: Vec<(String, i64)>,
}

#[derive(Serialize)]
pub struct Trained {
    pub version: i32,
    pub as_of: String,
    pub is_champion: bool,
    pub reason: String,
}

/// The scores of a date before and after.
#[derive(Serialize)]
pub struct Moved {
    pub date: String,
    pub rows_before: i64,
    pub rows_after: i64,
    /// Of a model that predicts: entities that come into the top decile. Of segments: entities that change theirs.
    pub crossing: i64,
    /// Key, before and after of those that move most.
    pub most: Vec<(String, String, String)>,
}

fn model_preview(
    warehouse: &Warehouse,
    model: &Model,
    run_id: &str,
    before: &Ledger,
    after: &Ledger,
) -> Result<Option<ModelPreview>> {
    let table = model.table();
    let mut preview = ModelPreview {
        model: model.name.clone(),
        versions: trained(warehouse, &model.name, run_id)?,
        scores: Vec::new(),
        new_scores: Vec::new(),
    };
    for date in after.dates(&table) {
        let Some(entry) = after.get(&table, date) else { continue };
        match before.get(&table, date) {
            None => preview.new_scores.push((date.to_string(), entry.rows)),
            Some(old) if old.fingerprint != entry.fingerprint => {
                preview.scores.push(moved(warehouse, model, date)?);
            }
            Some(_) => {}
        }
    }
    let is_same = preview.versions.is_empty() && preview.scores.is_empty() && preview.new_scores.is_empty();
    Ok((!is_same).then_some(preview))
}

fn trained(warehouse: &Warehouse, model: &str, run_id: &str) -> Result<Vec<Trained>> {
    let champion = registry::champion(warehouse, model)?.map(|version| version.number);
    let sql = "select version, as_of::varchar, coalesce(any_value(c.reason), any_value(t.reason), '')
        from registry.models
        left join registry.champions as c using (model, version)
        left join registry.contests as t using (model, version)
        where model = ? and run_id = ? group by all order by version";
    Ok(warehouse.rows(sql, &[&model, &run_id], |row| {
        let version = row.get(0)?;
        let is_champion = champion == Some(version);
        Ok(Trained { version, as_of: row.get(1)?, is_champion, reason: row.get(2)? })
    })?)
}

/// Who moves between the scores of a date.
fn moved(warehouse: &Warehouse, model: &Model, date: NaiveDate) -> Result<Moved> {
    let (value, crosses, distance) = match model.spec.task {
        Task::Binary(_) => {
            let crosses = "c.decile = 1 and w.decile is distinct from 1";
            ("round({side}.score, 4)", crosses, "abs(c.score - w.score)")
        }
        Task::Clusters(_) => {
            let crosses = "w.segment_name is distinct from c.segment_name";
            ("{side}.segment_name", crosses, "(w.segment_name is distinct from c.segment_name)::int")
        }
    };
    let table = model.table();
    let key = idents(&model.spec.key);
    let from = format!(
        "from (from {BEFORE}.{table} where reference_date = date '{date}') as w
         full join (from warehouse.{table} where reference_date = date '{date}') as c using ({key})"
    );
    let sql = format!(
        "select count(w.reference_date), count(c.reference_date), count(*) filter (where {crosses}) {from}"
    );
    let counts = warehouse.row(&sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (rows_before, rows_after, crossing) = counts.unwrap_or_default();
    let shown = |side: &str| format!("coalesce({}::varchar, '')", value.replace("{side}", side));
    let sql = format!(
        "select concat_ws(' ', {key}), {}, {} {from} where {distance} > 0 order by {distance} desc, 1 limit {MOST}",
        shown("w"),
        shown("c"),
    );
    let most = warehouse.rows(&sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(Moved { date: date.to_string(), rows_before, rows_after, crossing, most })
}
