//! What a training leaves in the registry.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::champions::{SUPERSEDED, crown};
use super::contests::{Outcome, Verdict};
use super::files;
use super::inputs::InputProfile;
use super::version::{Version, version};
use crate::catalog::Parts;
use crate::learn::{CurvePart, Dependence, Importance, Interval, Recipe};
use crate::warehouse::Warehouse;

/// A version that is about to be written, with all that is kept of its training.
#[derive(Default)]
pub struct NewVersion {
    pub model: String,
    pub recipe: Recipe,
    /// Names, in the order in which it reads them.
    pub inputs: Vec<String>,
    pub as_of: NaiveDate,
    pub trained_through: NaiveDate,
    pub rows: usize,
    /// `None` where nothing is predicted.
    pub base_rate: Option<f64>,
    pub data_digest: String,
    pub definition: String,
    pub definition_parts: Parts,
    pub metric: &'static str,
    pub mean_metric: Option<f64>,
    /// `None` for a rule.
    pub fitted: Option<Vec<u8>>,
    /// The texts of the files that decided it, by their paths.
    pub files: BTreeMap<String, String>,
    /// Whether it becomes champion, and why.
    pub verdict: Verdict,
    pub metrics: Vec<Measured>,
    pub means: Vec<Mean>,
    pub importances: Vec<Importance>,
    pub dependence: Vec<Dependence>,
    pub curves: Vec<Curve>,
    /// `None` where there is no rule, or the version is one.
    pub rule: Option<OverRule>,
    pub segments: Vec<Segment>,
    pub profiles: Vec<InputProfile>,
}

/// One line of `registry.metrics`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measured {
    pub candidate: String,
    /// The first snapshot of the fold.
    #[serde(serialize_with = "as_text")]
    pub snapshot: NaiveDate,
    pub snapshots: usize,
    /// `None` for all rows.
    pub slice: Option<String>,
    pub metric: &'static str,
    pub value: Option<f64>,
    #[serde(flatten)]
    pub interval: Option<Interval>,
    pub rows: usize,
    pub entities: usize,
    pub base_rate: Option<f64>,
}

/// One line of `registry.means`: what lies around the mean over the folds of a candidate.
#[derive(Debug, Clone, Serialize)]
pub struct Mean {
    pub candidate: String,
    pub metric: &'static str,
    #[serde(flatten)]
    pub interval: Option<Interval>,
}

/// One line of `registry.curves`.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    pub candidate: String,
    #[serde(serialize_with = "as_text")]
    pub snapshot: NaiveDate,
    #[serde(flatten)]
    pub part: CurvePart,
}

/// One line of `registry.rules`: how far a version is ahead of the best rule.
#[derive(Debug, Clone, Serialize)]
pub struct OverRule {
    pub rule: String,
    pub metric: &'static str,
    pub difference: f64,
    #[serde(flatten)]
    pub interval: Interval,
}

/// One line of `registry.segments`.
#[derive(Debug, Clone, Serialize)]
pub struct Segment {
    #[serde(rename = "segment")]
    pub number: i32,
    #[serde(rename = "segment_name")]
    pub name: String,
    pub sets_apart: String,
    pub rows: i64,
    pub share: f64,
    /// Mean of the label at `outcome_from`, where it was known.
    pub outcome_share: Option<f64>,
    pub outcome_from: Option<String>,
}

fn as_text<T: ToString, S: Serializer>(date: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&date.to_string())
}

/// Adds rows to a table of the registry, as what they are of. Its columns are the names of their values; what a row does
/// not name is NULL.
pub fn add_rows(
    warehouse: &Warehouse,
    table: &str,
    model: &str,
    version: i32,
    rows: &[impl Serialize],
) -> Result<()> {
    let columns = warehouse.shape(&format!("registry.{table}"))?.into_iter();
    let own = columns.filter(|(name, _)| name != "model" && name != "version");
    let shape = serde_json::to_string(&[own.collect::<BTreeMap<String, String>>()])?;
    let sql = format!(
        "insert into registry.{table} by name
         select ? as model, ? as version, unnest(from_json(?, '{shape}'), max_depth := 2)"
    );
    warehouse.execute(&sql, &[&model, &version, &serde_json::to_string(rows)?])?;
    Ok(())
}

/// Writes a version, and makes it champion unless it is only kept. Runs inside the transaction of the training.
pub fn add(warehouse: &Warehouse, new: &NewVersion, run_id: &str) -> Result<Version> {
    let next = "select 1 + coalesce(max(version), 0) from registry.models where model = ?";
    let number = warehouse.row(next, &[&new.model], |row| row.get::<_, i32>(0))?.unwrap_or(1);
    warehouse.execute(
        "insert into registry.models
         select ?, ?, ?, ?, ?, from_json(?, '[\"varchar\"]'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now()::timestamp, ?",
        &[
            &new.model,
            &number,
            &new.recipe.name,
            &new.recipe.algorithm(),
            &serde_json::to_string(&new.recipe)?,
            &serde_json::to_string(&new.inputs)?,
            &new.as_of,
            &new.trained_through,
            &i64::try_from(new.rows)?,
            &new.base_rate,
            &new.data_digest,
            &new.definition,
            &serde_json::to_string(&new.definition_parts)?,
            &new.mean_metric,
            &new.metric,
            &new.fitted,
            &env!("CARGO_PKG_VERSION"),
            &run_id,
        ],
    )?;
    let model = &new.model;
    add_rows(warehouse, "metrics", model, number, &new.metrics)?;
    add_rows(warehouse, "means", model, number, &new.means)?;
    add_rows(warehouse, "importances", model, number, &new.importances)?;
    add_rows(warehouse, "dependence", model, number, &new.dependence)?;
    add_rows(warehouse, "curves", model, number, &new.curves)?;
    add_rows(warehouse, "rules", model, number, new.rule.as_slice())?;
    add_rows(warehouse, "segments", model, number, &new.segments)?;
    add_rows(warehouse, "inputs", model, number, &new.profiles)?;
    add_rows(warehouse, "contests", model, number, &[&new.verdict])?;
    files::keep(warehouse, model, number, &new.files)?;
    if new.verdict.outcome != Outcome::Kept {
        crown(warehouse, model, number, new.trained_through, &new.verdict.reason, SUPERSEDED)?;
    }
    version(warehouse, model, number)
}
