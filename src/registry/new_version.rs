//! What a training leaves in the registry.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::champions::{SUPERSEDED, crown};
use super::contests::{self, Outcome, Verdict};
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
    #[serde(serialize_with = "as_text_or_null")]
    pub outcome_from: Option<NaiveDate>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls")]
fn as_text<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

#[expect(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "the shape that serde calls")]
fn as_text_or_null<S: Serializer>(date: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    date.map(|date| date.to_string()).serialize(serializer)
}

const METRICS: &str = r#"[{"candidate": "varchar", "snapshot": "date", "snapshots": "integer", "slice": "varchar",
    "metric": "varchar", "value": "double", "low": "double", "high": "double", "rows": "bigint", "entities": "bigint",
    "base_rate": "double"}]"#;
const MEANS: &str = r#"[{"candidate": "varchar", "metric": "varchar", "low": "double", "high": "double"}]"#;
const IMPORTANCES: &str = r#"[{"input": "varchar", "roc_auc_drop": "double"}]"#;
const DEPENDENCE: &str = r#"[{"input": "varchar", "value": "double", "mean_score": "double"}]"#;
const CURVES: &str = r#"[{"candidate": "varchar", "snapshot": "date", "part": "integer", "rows": "double",
    "positives": "double", "mean_score": "double"}]"#;
const RULES: &str = r#"[{"rule": "varchar", "metric": "varchar", "difference": "double", "low": "double",
    "high": "double"}]"#;
const SEGMENTS: &str = r#"[{"segment": "integer", "segment_name": "varchar", "sets_apart": "varchar", "rows": "bigint",
    "share": "double", "outcome_share": "double", "outcome_from": "date"}]"#;
const INPUTS: &str = r#"[{"input": "varchar", "edges": ["double"], "shares": ["double"], "usual_psi": "double",
    "varies": "boolean"}]"#;

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
    let of_version = |table, columns, rows: String| {
        let sql = format!(
            "insert into registry.{table} by name
             select ? as model, ? as version, unnest(from_json(?, '{columns}'), max_depth := 2)"
        );
        warehouse.execute(&sql, &[&new.model, &number, &rows])
    };
    of_version("metrics", METRICS, serde_json::to_string(&new.metrics)?)?;
    of_version("means", MEANS, serde_json::to_string(&new.means)?)?;
    of_version("importances", IMPORTANCES, serde_json::to_string(&new.importances)?)?;
    of_version("dependence", DEPENDENCE, serde_json::to_string(&new.dependence)?)?;
    of_version("curves", CURVES, serde_json::to_string(&new.curves)?)?;
    of_version("rules", RULES, serde_json::to_string(new.rule.as_slice())?)?;
    of_version("segments", SEGMENTS, serde_json::to_string(&new.segments)?)?;
    of_version("inputs", INPUTS, serde_json::to_string(&new.profiles)?)?;
    files::keep(warehouse, &new.model, number, &new.files)?;
    contests::write(warehouse, &new.model, number, &new.verdict)?;
    if new.verdict.outcome != Outcome::Kept {
        crown(warehouse, &new.model, number, new.trained_through, &new.verdict.reason, SUPERSEDED)?;
    }
    version(warehouse, &new.model, number)
}
