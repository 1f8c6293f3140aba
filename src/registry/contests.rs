//! `registry.contests`: what each training made of the version that served until then.

use anyhow::Result;
use serde::Serialize;

use super::{Measured, Version};
use crate::learn::Interval;
use crate::warehouse::Warehouse;

/// Digits of a metric that stands alone.
const DIGITS: usize = 4;

/// What came of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Outcome {
    /// There was no version that it had to beat.
    #[default]
    #[serde(rename = "first")]
    First,
    #[serde(rename = "takes over")]
    TakesOver,
    /// It takes over because that was asked for.
    #[serde(rename = "accepted")]
    Accepted,
    /// The recipe and the files of the version that served, on newer labels.
    #[serde(rename = "fitted again")]
    FittedAgain,
    /// It does not serve.
    #[serde(rename = "kept")]
    Kept,
}

/// What the value of the version that serves is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Of the same rows.
    Paired,
    /// What its own training had.
    Recorded,
}

/// A challenger beside the version that serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Duel {
    #[serde(rename = "candidate")]
    pub challenger: String,
    pub metric: &'static str,
    pub value: f64,
    #[serde(rename = "against_value")]
    pub against: f64,
    pub difference: f64,
    #[serde(flatten)]
    pub interval: Interval,
    pub basis: Basis,
}

impl Duel {
    /// `0.8697 against 0.8742 of version 5 (-0.0045, -0.0071 to -0.0021)`
    pub fn against(&self, version: i32) -> String {
        let Self { challenger, metric, value, against, difference, interval: Interval { low, high }, basis } =
            self;
        let digits = digits(*value, *against);
        let recorded = match basis {
            Basis::Paired => "",
            Basis::Recorded => ", as its own training recorded it",
        };
        format!(
            "`{challenger}`: {metric} {value:.digits$} against {against:.digits$} of version {version}{recorded} \
             ({difference:.digits$}, {low:.digits$} to {high:.digits$})"
        )
    }
}

/// What a version is beside the one that served until then.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    pub outcome: Outcome,
    /// The version that served.
    pub against: Option<i32>,
    #[serde(flatten)]
    pub duel: Option<Duel>,
    /// In words.
    pub reason: String,
}

/// What a version had at its own training in `metric`, fold by fold.
pub fn recorded(warehouse: &Warehouse, version: &Version, metric: &'static str) -> Result<Vec<Measured>> {
    let sql = "select snapshot, snapshots, value, low, high from registry.metrics
        where model = ? and version = ? and candidate = ? and metric = ? and slice is null";
    let values: [&dyn duckdb::ToSql; 4] = [&version.model, &version.number, &version.candidate, &metric];
    Ok(warehouse.rows(sql, &values, |row| {
        let (low, high): (Option<f64>, Option<f64>) = (row.get(3)?, row.get(4)?);
        Ok(Measured {
            snapshot: row.get(0)?,
            snapshots: usize::try_from(row.get::<_, i32>(1)?).unwrap_or_default(),
            value: row.get(2)?,
            interval: low.zip(high).map(|(low, high)| Interval { low, high }),
            ..Measured::default()
        })
    })?)
}

/// What came of a version, in words; of an earlier olist it is not known.
pub fn reason(warehouse: &Warehouse, model: &str, version: i32) -> Result<Option<String>> {
    let sql = "select reason from registry.contests where model = ? and version = ?";
    Ok(warehouse.row(sql, &[&model, &version], |row| row.get(0))?)
}

/// A metric that stands alone.
pub fn shown(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.DIGITS$}"))
}

/// As many digits as it takes to tell two means apart, if they differ.
pub fn digits(one: f64, other: f64) -> usize {
    let differs = |digits: &usize| format!("{one:.0$}", *digits) != format!("{other:.0$}", *digits);
    (DIGITS..16).find(differs).unwrap_or(DIGITS)
}
