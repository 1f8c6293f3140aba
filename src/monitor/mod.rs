//! What came of the lists that were delivered: metrics of scores whose labels are all known, beside what the training
//! promised and what the analyst's rule would have given.

mod outcome;

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{NaiveDate, NaiveDateTime};

pub use outcome::{Outcome, last};

use crate::catalog::Model;
use crate::config::{Binary, STAKE, Task};
use crate::dataset::{Workspace, training_rows};
use crate::diagnose::analyst;
use crate::score;
use crate::warehouse::{Warehouse, ident, idents};

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
        let rule = label_cohort(at, binary, date, settled_until)?;
        for delivery in deliveries {
            let seen = seen(at, &delivery)?;
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

/// The name of the rule that the models have to beat, and what it says of each entity.
pub type Rule = Option<(String, BTreeMap<String, f64>)>;

/// Entities and what was said of them, beside what came true.
#[derive(Default)]
pub struct Rows {
    pub entities: Vec<String>,
    pub labels: Vec<bool>,
    pub scores: Vec<f64>,
    /// In BRL; all `None` where the list had none.
    pub stakes: Vec<Option<f64>>,
}

/// Puts the labels that are known by `settled_until` into the temporary table `cohort`: made by the ABT's SELECT, so
/// that they are there for dates that are no snapshots as well, and its partition stays as it was when it was scored.
fn label_cohort(
    at: Workspace<'_>,
    binary: &Binary,
    date: NaiveDate,
    settled_until: NaiveDate,
) -> Result<Rule> {
    let is_it = |name: &&String| {
        at.catalog.tables.get(*name).is_some_and(|node| node.spec.label.as_deref() == Some(&binary.label))
    };
    at.warehouse.batch("drop table if exists temp.main.cohort")?;
    let key = idents(&at.model.spec.key);
    let label = ident(&binary.label);
    let select = format!(
        "create temp table cohort as select {key},
             case when label_known_on <= date '{settled_until}' then {label}::double end as label, label_known_on::date as known_on
         from (\n"
    );
    match at.model.refs.iter().find(is_it) {
        Some(abt) => {
            let rendered = at.catalog.render(abt, date)?;
            let explain = |error| analyst(at.warehouse, error, &rendered, &at.catalog.templates);
            let sql = format!("{select}{}\n) as q", rendered.select().map_err(explain)?);
            at.warehouse.batch(&sql).map_err(|error| explain(error.shifted(select.len())))?;
        }
        None => at.warehouse.batch(&format!(
            "create temp table cohort as select {key}, null::double as label, null::date as known_on from {} limit 0",
            at.model.table()
        ))?,
    }
    rule(at, date)
}

/// The first rule among the candidates, over the inputs as they were scored.
fn rule(at: Workspace<'_>, date: NaiveDate) -> Result<Rule> {
    let recipes = at.model.spec.recipes();
    let Some(recipe) = recipes.iter().find(|recipe| recipe.rule().is_some()) else { return Ok(None) };
    // One that the files as they are now cannot compute any more is not compared with.
    let snapshots = [at.snapshot(date)?];
    let Ok(rows) = training_rows(at, &snapshots, std::slice::from_ref(recipe)) else { return Ok(None) };
    let Some(values) = rows.rules.get(&recipe.name) else { return Ok(None) };
    let by_entity = rows.entities.iter().cloned().zip(values.iter().copied()).collect();
    Ok(Some((recipe.name.clone(), by_entity)))
}

/// How much is known of a delivery.
fn seen(at: Workspace<'_>, delivery: &Delivery) -> Result<Pending> {
    let sql = format!(
        "select count(*), count(label), case when count(*) = count(known_on) then max(known_on) end {}",
        joined(at, delivery)
    );
    let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (rows, known, settled_on) = at
        .warehouse
        .row(&sql, &[&delivery.date, &delivery.version, &delivery.scored_at], read)?
        .unwrap_or((0, 0, None));
    Ok(Pending { delivery: delivery.clone(), rows, known, settled_on })
}

/// The rows of a delivery, all of whose labels are known.
pub fn rows(at: Workspace<'_>, delivery: &Delivery) -> Result<Rows> {
    let columns = at.warehouse.shape(&delivery.table)?;
    let stake = if columns.iter().any(|(name, _)| name == STAKE) { STAKE } else { "null" };
    let sql = format!(
        "select concat_ws(' ', {}), label = 1, score, {stake}::double {} order by score desc, 1",
        idents(&at.model.spec.key),
        joined(at, delivery)
    );
    let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let rows: Vec<(String, bool, f64, Option<f64>)> =
        at.warehouse.rows(&sql, &[&delivery.date, &delivery.version, &delivery.scored_at], read)?;
    let mut all = Rows::default();
    for (entity, label, score, stake) in rows {
        all.entities.push(entity);
        all.labels.push(label);
        all.scores.push(score);
        all.stakes.push(stake);
    }
    Ok(all)
}

/// Scores beside their labels. Who is no longer in the population, after a correction of the data, has none.
fn joined(at: Workspace<'_>, delivery: &Delivery) -> String {
    format!(
        "from {} inner join temp.main.cohort using ({})
         where reference_date = ? and model_version = ? and scored_at = ?",
        delivery.table,
        idents(&at.model.spec.key)
    )
}
