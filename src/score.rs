//! Score tables: what the champion says of one reference date, replaced in one transaction.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;
use duckdb::arrow::array::ArrayRef;

use crate::catalog::{Catalog, Model};
use crate::config::Task;
use crate::dataset::{Pulled, pull};
use crate::fingerprint;
use crate::learn::Fitted;
use crate::partitions::{self, Ledger, Line};
use crate::problem::Problem;
use crate::registry::outbox::{self, News};
use crate::registry::{self, Version};
use crate::segment;
use crate::sql::{Select, normal};
use crate::term;
use crate::train::Recipe;
use crate::wall;
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
    let sql = fingerprint::of(&[&normal(&rendered.sql)]);
    let mut inputs =
        BTreeMap::from([("sql".to_owned(), sql), ("version".to_owned(), version.number.to_string())]);
    for table in &rendered.refs {
        let below = fingerprints.get(&(table.clone(), date)).cloned().unwrap_or_default();
        inputs.insert(table.clone(), below);
    }
    Ok(inputs)
}

/// One date to be scored by one version.
pub struct Job<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub model: &'a Model,
    pub version: &'a Version,
    pub date: NaiveDate,
    pub inputs: &'a BTreeMap<String, String>,
    pub run_id: &'a str,
    /// What does not look right is told, and scored all the same.
    pub force: bool,
}

/// What a champion says of a date: rows in the temporary table `stage`, and what the score table makes of them.
pub struct Staged {
    pub pulled: Pulled,
    /// A number a row: the probability, or the segment.
    pub values: Vec<f64>,
    /// Name, expression over the staged rows, and comment.
    pub columns: Vec<(&'static str, String, &'static str)>,
    /// In which order they are stored; the key follows.
    pub order: &'static str,
}

impl Job<'_> {
    pub fn is_unchanged(&self, ledger: &Ledger) -> bool {
        let entry = ledger.get(&self.model.table(), self.date);
        entry.is_some_and(|entry| entry.fingerprint == fingerprint::of_named(self.inputs))
    }

    /// Scores the date, and replaces its partition.
    pub fn score(&self) -> Result<Outcome> {
        let started = Instant::now();
        let table = self.model.table();
        let staged = match &self.model.spec.task {
            Task::Binary(_) => self.probabilities()?,
            Task::Clusters(_) => segment::assign(self)?,
        };
        self.stop_at_wall(&staged)?;
        let rows = i64::try_from(staged.pulled.dates.len())?;
        let per = format!("One row per {} and reference date. ", self.model.spec.key.join(", "));
        let description = format!("{per}{}", self.model.spec.description);
        let comments: Vec<(&str, &str)> =
            staged.columns.iter().map(|(name, _, words)| (*name, *words)).collect();
        self.warehouse.transaction(|| {
            self.write(&table, &self.rows_sql(&staged), &description, &comments)?;
            if let Task::Clusters(clusters) = &self.model.spec.task {
                segment::write_profile(self, clusters, &staged.pulled)?;
            }
            self.tell()?;
            Line {
                table: &table,
                date: self.date,
                rows,
                fingerprint: &fingerprint::of_named(self.inputs),
                duration_ms: started.elapsed().as_secs_f64() * 1000.0,
                run_id: self.run_id,
                inputs: self.inputs,
            }
            .write(self.warehouse)
        })?;
        Ok(Outcome::Scored(rows))
    }

    /// Refuses what is not like what the version was trained on.
    fn stop_at_wall(&self, staged: &Staged) -> Result<()> {
        let complaints = wall::complaints(self, &staged.pulled, &staged.values)?;
        if complaints.is_empty() {
            return Ok(());
        }
        let (name, number) = (&self.model.name, self.version.number);
        let what =
            format!("version {number} of `{name}` does not score {}: {}", self.date, complaints.join("; "));
        if self.force {
            term::warn(&format!("{what}; scored all the same, because of --force"));
            return Ok(());
        }
        Err(Problem::data(what)
            .hint(format!(
                "look at {} at that date; the earlier scores stay. If it is right, `olist score {name} --date {} --force` scores it",
                self.model.refs.iter().cloned().collect::<Vec<_>>().join(", "),
                self.date
            ))
            .into())
    }

    /// The version's probabilities, staged, and the columns made of them.
    fn probabilities(&self) -> Result<Staged> {
        let recipe: Recipe = serde_json::from_str(&self.version.settings)?;
        let rule = recipe.rule().map(|expression| (recipe.name.clone(), expression.clone()));
        let rules = rule.clone().into_iter().collect();
        let pulled = pull(self.warehouse, self.catalog, self.model, &[self.date], &rules)?;
        let scores = match registry::fitted(self.warehouse, self.version)? {
            Some(bytes) => {
                let fitted = Fitted::from_bytes(&bytes).map_err(|error| self.stale(&error.to_string()))?;
                fitted.predict(&pulled.matrix).map_err(|error| self.stale(&error.to_string()))?
            }
            None => rule
                .and_then(|(name, _)| pulled.rules.get(&name).cloned())
                .ok_or_else(|| self.stale("its rule reads columns that the file no longer selects"))?,
        };
        stage(
            self.warehouse,
            self.catalog,
            self.model,
            &pulled.keys,
            self.date,
            &[("score", scores.clone())],
        )?;
        let key = idents(&self.model.spec.key);
        let columns = vec![
            ("score", "score".to_owned(), "Probability of the label, 0..1"),
            (
                "rank",
                "rank() over (order by score desc)".to_owned(),
                "1 is the most likely; equal scores share a rank",
            ),
            (
                "decile",
                format!("ntile(10) over (order by score desc, {key})"),
                "1 is the tenth with the highest scores",
            ),
        ];
        Ok(Staged { pulled, values: scores, columns, order: "score desc" })
    }

    /// The staged rows as the score table has them.
    fn rows_sql(&self, staged: &Staged) -> String {
        let key = idents(&self.model.spec.key);
        let own: Vec<String> =
            staged.columns.iter().map(|(name, sql, _)| format!("{sql} as {name}")).collect();
        format!(
            "select date '{}' as reference_date, {key}, {}, {}::integer as model_version,
                 date '{}' as trained_through, now()::timestamp as scored_at
             from temp.main.stage order by {}, {key}",
            self.date,
            own.join(", "),
            self.version.number,
            self.version.trained_through,
            staged.order,
        )
    }

    /// Puts what the scores are like into the outbox.
    fn tell(&self) -> Result<()> {
        let name = match self.model.spec.task {
            Task::Binary(_) => DISTRIBUTION,
            Task::Clusters(_) => SHARES,
        };
        let sql = name.replace("{table}", &self.model.table());
        let metrics = self.warehouse.rows(&sql, &[&self.date], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let news = News::Scores { metrics: metrics.into_iter().collect() };
        outbox::add(
            self.warehouse,
            &self.model.name,
            self.version.number,
            Some(self.date),
            self.run_id,
            &news,
        )
    }

    /// Replaces the partition of `table` by the rows of `sql`. Its columns follow the query's.
    pub fn write(&self, table: &str, sql: &str, description: &str, comments: &[(&str, &str)]) -> Result<()> {
        let shape = self.warehouse.describe(&Select::of(sql)?)?;
        if partitions::fit(self.warehouse, table, &shape)?.is_some() {
            let mut statements = vec![format!("comment on table {table} is {}", text(description))];
            let known = comments.iter().chain(&SHARED);
            for (column, words) in known.filter(|(name, _)| shape.iter().any(|(column, _)| column == name)) {
                statements.push(format!("comment on column {table}.{} is {}", ident(column), text(words)));
            }
            self.warehouse.batch(&statements.join(";"))?;
        }
        self.warehouse.execute(&format!("delete from {table} where reference_date = ?"), &[&self.date])?;
        self.warehouse.execute(&format!("insert into {table} by name {sql}"), &[])?;
        Ok(())
    }

    pub fn stale(&self, what: &str) -> Problem {
        stale(self.model, self.version, what)
    }
}

/// Name and value of what MLflow hears of a date's probabilities.
const DISTRIBUTION: &str = "
unpivot (
    select count(*)::double as rows, avg(score) as mean_score, stddev_pop(score) as spread_score, min(score) as score_min,
        quantile_cont(score, 0.10) as score_p10, quantile_cont(score, 0.25) as score_p25,
        quantile_cont(score, 0.50) as score_p50, quantile_cont(score, 0.75) as score_p75,
        quantile_cont(score, 0.90) as score_p90, max(score) as score_max
    from {table} where reference_date = ?
) on columns(*) into name name value value";

/// As `DISTRIBUTION`, of a date's segments.
const SHARES: &str = "
with scored as (select segment, segment_name, distance from {table} where reference_date = ?)
select 'rows' as name, count(*)::double as value from scored
union all
select 'mean_distance', avg(distance) from scored having count(*) > 0
union all
select 'share/' || coalesce(any_value(segment_name), segment::varchar), count(*) / (select count(*) from scored)
from scored group by segment";

/// A version that the model's file no longer fits.
pub fn stale(model: &Model, version: &Version, what: &str) -> Problem {
    let (number, name) = (version.number, &model.name);
    Problem::data(format!("version {number} of `{name}` cannot score: {what}")).hint(format!(
        "`olist train {name}` makes a version that fits {}; `olist models {name}` shows the others",
        model.file
    ))
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

/// Puts keys and values into the temporary table `stage`.
pub fn stage(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    keys: &[(String, ArrayRef)],
    date: NaiveDate,
    values: &[(&str, Vec<f64>)],
) -> Result<()> {
    let rendered = catalog.render(&model.table(), date)?;
    let described = warehouse.describe(&rendered.select()?)?;
    let of = |name: &String| {
        let sql_type = described.iter().find(|(column, _)| column == name).map_or("varchar", |(_, t)| t);
        format!("{} {sql_type}", ident(name))
    };
    let mut columns: Vec<String> = model.spec.key.iter().map(of).collect();
    columns.extend(values.iter().map(|(name, _)| format!("{name} double")));
    warehouse.batch(&format!(
        "drop table if exists temp.main.stage; create temp table stage ({})",
        columns.join(", ")
    ))?;
    if keys.is_empty() { Ok(()) } else { warehouse.stage(keys, values) }
}
