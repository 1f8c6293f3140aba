//! What came of the lists that were delivered: metrics of scores whose labels are all known, beside what the training
//! promised and what the analyst's rule would have given.

mod cohort;
mod outcome;

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{NaiveDate, NaiveDateTime};

pub use outcome::{Outcome, last};

use crate::catalog::Model;
use crate::config::Task;
use crate::dataset::Workspace;
use crate::score;
use crate::warehouse::Warehouse;

/// A list of scores as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    pub date: NaiveDate,
    pub version: i32,
    pub scored_at: NaiveDateTime,
    /// The table that it stands in.
    pub table: String,
}

/// A list some of whose labels are not known yet.
pub struct Pending {
    pub delivery: Delivery,
    pub rows: i64,
    pub known: i64,
    /// The day on which the last label is known, if each row has one.
    pub settled_on: Option<NaiveDate>,
}

/// Computes what came of the deliveries of a model that have settled since the last look; gives those that have not.
pub fn update(at: Workspace<'_>, settled_until: NaiveDate) -> Result<Vec<Pending>> {
    let Task::Binary(binary) = &at.model.spec.task else { return Ok(Vec::new()) };
    let done = outcome::done(at.warehouse, &at.model.name)?;
    let mut pending = Vec::new();
    let mut by_date: BTreeMap<NaiveDate, Vec<Delivery>> = BTreeMap::new();
    for delivery in deliveries(at.warehouse, at.model)? {
        if !done.contains(&(delivery.date, delivery.version, delivery.scored_at)) {
            by_date.entry(delivery.date).or_default().push(delivery);
        }
    }
    for (date, deliveries) in by_date {
        let rule = cohort::read(at, binary, date, settled_until)?;
        for delivery in deliveries {
            let seen = cohort::seen(at, &delivery)?;
            if seen.rows > 0 && seen.known == seen.rows {
                outcome::add(at, &delivery, rule.as_ref(), seen.settled_on)?;
            } else {
                pending.push(seen);
            }
        }
    }
    Ok(pending)
}

/// Every delivery of a model, those that were replaced included, by date.
fn deliveries(warehouse: &Warehouse, model: &Model) -> Result<Vec<Delivery>> {
    let table = model.table();
    let mut all = Vec::new();
    for table in [table.clone(), score::history_of(&table)] {
        if !warehouse.has_table(&table)? {
            continue;
        }
        let sql = format!("select distinct reference_date, model_version, scored_at from {table}");
        let read = |row: &duckdb::Row<'_>| {
            Ok(Delivery {
                date: row.get(0)?,
                version: row.get(1)?,
                scored_at: row.get(2)?,
                table: table.clone(),
            })
        };
        all.extend(warehouse.rows(&sql, &[], read)?);
    }
    all.sort();
    Ok(all)
}
