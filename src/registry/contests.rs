//! `registry.contests`: what each training made of the version that served until then.

use anyhow::Result;

use super::{Measured, Version};
use crate::learn::Interval;
use crate::warehouse::Warehouse;

/// Digits of a metric that stands alone.
const DIGITS: usize = 4;

/// What came of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// There was no version that it had to beat.
    #[default]
    First,
    TakesOver,
    /// It takes over because that was asked for.
    Accepted,
    /// The recipe and the files of the version that served, on newer labels.
    FittedAgain,
    /// It does not serve.
    Kept,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::TakesOver => "takes over",
            Self::Accepted => "accepted",
            Self::FittedAgain => "fitted again",
            Self::Kept => "kept",
        }
    }
}

/// A challenger beside the version that serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Duel {
    pub challenger: String,
    pub metric: &'static str,
    pub value: f64,
    pub against: f64,
    /// Of the difference.
    pub interval: Interval,
    /// Whether the other value is what its own training had.
    pub is_recorded: bool,
}

impl Duel {
    /// `0.8697 against 0.8742 of version 5 (-0.0045, -0.0071 to -0.0021)`
    pub fn against(&self, version: i32) -> String {
        let Self { challenger, metric, value, against, interval: Interval { low, high }, is_recorded } = self;
        let digits = digits(*value, *against);
        let recorded = if *is_recorded { ", as its own training recorded it" } else { "" };
        format!(
            "`{challenger}`: {metric} {value:.digits$} against {against:.digits$} of version {version}{recorded} \
             ({:.digits$}, {low:.digits$} to {high:.digits$})",
            value - against
        )
    }
}

/// What a version is beside the one that served until then.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub outcome: Outcome,
    /// The version that served.
    pub against: Option<i32>,
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

/// Writes it, in the transaction of the version.
pub fn write(warehouse: &Warehouse, model: &str, version: i32, verdict: &Verdict) -> Result<()> {
    let duel = verdict.duel.as_ref();
    warehouse.execute(
        "insert into registry.contests values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &[
            &model,
            &version,
            &verdict.against,
            &duel.map(|duel| &duel.challenger),
            &duel.map(|duel| duel.metric),
            &duel.map(|duel| duel.value),
            &duel.map(|duel| duel.against),
            &duel.map(|duel| duel.value - duel.against),
            &duel.map(|duel| duel.interval.low),
            &duel.map(|duel| duel.interval.high),
            &duel.map(|duel| if duel.is_recorded { "recorded" } else { "paired" }),
            &verdict.outcome.name(),
            &verdict.reason,
        ],
    )?;
    Ok(())
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
