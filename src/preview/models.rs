//! A model before and after: the version that was trained, and the scores that it would give.

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::BEFORE;
use crate::catalog::Model;
use crate::config::Task;
use crate::partitions::Ledger;
use crate::registry;
use crate::warehouse::{Warehouse, idents};

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

pub fn of(
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
