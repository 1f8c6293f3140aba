//! Score tables: the champion's probabilities for one reference date, replaced in one transaction.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;

use crate::build::{Catalog, Ledger, Line, Model};
use crate::fingerprint;
use crate::problem::Problem;
use crate::registry::{self, Version};
use crate::train::{Recipe, pull};
use crate::warehouse::{Warehouse, ident, idents, text};

/// What scoring one date did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Unchanged,
    Scored(i64),
}

/// What a partition of scores is made from, for the ledger.
pub fn inputs(
    catalog: &Catalog,
    model: &Model,
    version: &Version,
    date: NaiveDate,
    fingerprints: &BTreeMap<(String, NaiveDate), String>,
) -> Result<BTreeMap<String, String>> {
    let rendered = catalog.render(&model.table(), date)?;
    let sql = fingerprint::of(&[&fingerprint::normal(&rendered.sql)]);
    let mut inputs =
        BTreeMap::from([("sql".to_owned(), sql), ("version".to_owned(), version.number.to_string())]);
    for table in &rendered.refs {
        let below = fingerprints.get(&(table.clone(), date)).cloned().unwrap_or_default();
        inputs.insert(table.clone(), below);
    }
    Ok(inputs)
}

/// Scores `date` with `version`, unless its scores are there and unchanged.
///
/// # Errors
/// Inputs that do not fit the version, or DuckDB's.
#[expect(clippy::too_many_arguments, reason = "each is one plain fact about the partition")]
pub fn score(
    warehouse: &Warehouse,
    catalog: &Catalog,
    ledger: &Ledger,
    model: &Model,
    version: &Version,
    date: NaiveDate,
    inputs: &BTreeMap<String, String>,
    force: bool,
    run_id: &str,
) -> Result<Outcome> {
    let started = Instant::now();
    let table = model.table();
    let fingerprint = fingerprint::of_named(inputs);
    if !force && ledger.get(&table, date).is_some_and(|entry| entry.fingerprint == fingerprint) {
        return Ok(Outcome::Unchanged);
    }
    let recipe: Recipe = serde_json::from_str(&version.settings)?;
    let rule = recipe.rule().map(|expression| (recipe.name.clone(), expression.to_owned()));
    let pulled = pull(warehouse, catalog, model, &[date], &rule.clone().into_iter().collect())?;
    let scores = match registry::fitted(warehouse, version)? {
        Some(fitted) => {
            fitted.predict(&pulled.matrix).map_err(|error| stale(model, version, &error.to_string()))?
        }
        None => rule
            .and_then(|(name, _)| pulled.rules.get(&name).cloned())
            .ok_or_else(|| stale(model, version, "its rule reads columns that the file no longer selects"))?,
    };
    let rows = i64::try_from(scores.len())?;
    warehouse.batch("drop table if exists temp.main.stage")?;
    if rows > 0 {
        let types = key_types(warehouse, catalog, model, date)?;
        warehouse.batch(&format!("create temp table stage ({types}, score double)"))?;
        warehouse.stage(&pulled.keys, &[("score", scores)])?;
    }
    warehouse.transaction(|| {
        if rows > 0 {
            create_table(warehouse, &table, model)?;
            warehouse.execute(&format!("delete from {table} where reference_date = ?"), &[&date])?;
            let key = idents(&model.spec.key);
            warehouse.execute(
                &format!(
                    "insert into {table}
                     select ?::date, {key}, score, rank() over (order by score desc),
                         ntile(10) over (order by score desc, {key}), ?, ?, now()::timestamp
                     from temp.main.stage order by score desc, {key}"
                ),
                &[&date, &version.number, &version.trained_through],
            )?;
        } else if warehouse.has_table(&table)? {
            warehouse.execute(&format!("delete from {table} where reference_date = ?"), &[&date])?;
        }
        Line {
            table: &table,
            date,
            rows,
            fingerprint: &fingerprint,
            duration_ms: started.elapsed().as_secs_f64() * 1000.0,
            run_id,
            inputs,
        }
        .write(warehouse)
    })?;
    Ok(Outcome::Scored(rows))
}

fn stale(model: &Model, version: &Version, what: &str) -> Problem {
    Problem::data(format!("version {} of `{}` cannot score: {what}", version.number, model.name)).hint(
        format!(
            "`olist train {}` makes a version that fits {}; `olist models {}` shows the others",
            model.name, model.file, model.name
        ),
    )
}

fn key_types(warehouse: &Warehouse, catalog: &Catalog, model: &Model, date: NaiveDate) -> Result<String> {
    let rendered = catalog.render(&model.table(), date)?;
    let columns = warehouse.describe(&rendered.sql)?;
    let of = |name: &String| {
        let sql_type =
            columns.iter().find(|(column, _)| column == name).map_or("varchar", |(_, sql_type)| sql_type);
        format!("{} {sql_type}", ident(name))
    };
    Ok(model.spec.key.iter().map(of).collect::<Vec<_>>().join(", "))
}

fn create_table(warehouse: &Warehouse, table: &str, model: &Model) -> Result<()> {
    if warehouse.has_table(table)? {
        return Ok(());
    }
    let key = idents(&model.spec.key);
    let says = |column: &str, words: &str| format!("comment on column {table}.{column} is {};", text(words));
    let comments = [
        says("reference_date", "Midnight at the start of this day; the score knows nothing later"),
        says("score", "Probability of the label, 0..1"),
        says("rank", "1 is the most likely; equal scores share a rank"),
        says("decile", "1 is the tenth with the highest scores"),
        says("model_version", "Version in registry.models"),
        says(
            "trained_through",
            "Last label date the version was trained on; later than reference_date: a back-cast",
        ),
        says("scored_at", "When the score was written"),
    ];
    Ok(warehouse.batch(&format!(
        "create table {table} as
         select null::date as reference_date, {key}, null::double as score, null::bigint as rank,
             null::bigint as decile, null::integer as model_version, null::date as trained_through,
             null::timestamp as scored_at
         from temp.main.stage limit 0;
         comment on table {table} is {};
         {}",
        text(&format!(
            "One row per {} and reference date. {}",
            model.spec.key.join(", "),
            model.spec.description
        )),
        comments.join("\n")
    ))?)
}
