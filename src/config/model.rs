//! `models/<name>.sql`: the problem, its snapshots, and the candidates that compete.

use anyhow::Result;
use chrono::NaiveDate;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::candidate::{self, Candidate};
use super::read::{self, Config};
use super::table::matches_family;
use crate::dates::{self, Every};
use crate::learn::{self, Algorithm, Metric, Recipe};
use crate::problem::{Problem, suggest};
use crate::sql::Expression;
use crate::template::Rendered;
use crate::warehouse::joined;

/// The column, where a model has it, of what a row is worth if its label comes true, in BRL: carried into the scores.
pub const STAKE: &str = "stake_brl";

/// What a model learns.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    Binary(Binary),
    Clusters(Clusters),
}

/// A label of two values; scores are probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    pub label: String,
    /// Decides who becomes champion.
    pub metric: Metric,
    pub validate: Validate,
    /// Parts of the population whose metrics are shown apart: name and condition.
    pub slices: Vec<(String, Expression)>,
}

/// Groups of rows that are alike; scores are segments.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// What followed, for the profile: it is not learned.
    pub label: Option<String>,
    /// Least adjusted Rand index under resampling.
    pub stability: f64,
    /// Least share of the rows in a segment.
    pub smallest_share: f64,
    /// Columns of the profile: name and aggregate.
    pub profile: Vec<(String, Expression)>,
    /// Names a segment, from the columns of the profile.
    pub name: Expression,
}

/// Which snapshots the candidates are compared on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validate {
    /// Number of folds.
    pub last: usize,
    /// Snapshots of one such period are one fold.
    pub every: Every,
    /// Rows that a fold has to have to train on.
    pub min_rows: usize,
}

/// The config of one model.
#[derive(Debug, Clone)]
pub struct ModelSpec {
    pub task: Task,
    pub key: Vec<String>,
    pub description: String,
    pub from: NaiveDate,
    pub every: Every,
    /// Names or families of the columns that are learned from; empty: all that are not key or label.
    pub inputs: Vec<String>,
    pub retrain_days: i64,
    pub seed: u64,
    pub candidates: Vec<Candidate>,
}

/// `config(...)` as it stands in the file; the keys of the other task are left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(deserialize_with = "read::text")]
    task: String,
    #[serde(deserialize_with = "read::names")]
    key: Vec<String>,
    #[serde(deserialize_with = "read::description")]
    description: String,
    snapshots: Snapshots,
    #[serde(default, deserialize_with = "read::texts")]
    inputs: Vec<String>,
    #[serde(default = "retrain_days", deserialize_with = "learn::whole::<1, 3650, _, _>")]
    retrain_days: i64,
    #[serde(default = "seed")]
    seed: u64,
    #[serde(deserialize_with = "read::some_pairs")]
    candidates: Vec<(String, Map<String, Value>)>,
    #[serde(default, deserialize_with = "read::maybe_text")]
    label: Option<String>,
    #[serde(default, deserialize_with = "metric")]
    metric: Option<Metric>,
    validate: Option<Value>,
    #[serde(default, deserialize_with = "read::pairs")]
    slices: Vec<(String, Expression)>,
    #[serde(default, deserialize_with = "share::<100, _>")]
    stability: Option<f64>,
    #[serde(default, deserialize_with = "share::<50, _>")]
    smallest_share: Option<f64>,
    #[serde(default, deserialize_with = "read::pairs")]
    profile: Vec<(String, Expression)>,
    #[serde(default)]
    name: Option<Expression>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshots {
    #[serde(deserialize_with = "date")]
    from: NaiveDate,
    #[serde(default, deserialize_with = "every")]
    every: Option<Every>,
}

/// `validate = 4`, or `{'last': 4, 'every': 'month', 'min_rows': 300}` to take the snapshots of a month together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a whole number from 1 to 24 or {...}")]
struct Validated {
    #[serde(default = "folds", deserialize_with = "learn::whole::<1, 24, _, _>")]
    last: usize,
    #[serde(default, deserialize_with = "every")]
    every: Option<Every>,
    #[serde(default = "min_rows", deserialize_with = "learn::whole::<1, 1_000_000, _, _>")]
    min_rows: usize,
}

#[derive(Deserialize)]
struct Folds(#[serde(deserialize_with = "learn::whole::<1, 24, _, _>")] usize);

/// Of fewer, nothing is learned that a contest could be decided by.
const fn min_rows() -> usize {
    300
}

const fn retrain_days() -> i64 {
    28
}

const fn seed() -> u64 {
    42
}

const fn folds() -> usize {
    4
}

fn metric<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Metric>, D::Error> {
    let name = read::text(deserializer)?;
    let chooses = |metric: &Metric| metric.higher_is_better().is_some();
    let known = Metric::ALL.into_iter().filter(chooses).map(Metric::name);
    Metric::parse(&name).filter(chooses).map(Some).ok_or_else(|| {
        let hint = suggest(&name, known).unwrap_or_default();
        D::Error::custom(format!("`{name}` is not a metric\n{hint}"))
    })
}

fn share<'de, const PERCENT: u8, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    learn::number(deserializer, 0.0..=f64::from(PERCENT) / 100.0).map(Some)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    dates::parse(&read::text(deserializer)?).map_err(D::Error::custom)
}

fn every<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Every>, D::Error> {
    let every = read::text(deserializer)?.parse();
    every.map(Some).map_err(|problem: Problem| D::Error::custom(problem.message))
}

impl ModelSpec {
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let config = Config::new(rendered, source);
        let given: Given = config.read()?;
        given.check_task(&config)?;
        let is_clusters = given.task == "clusters";
        let Given { key, description, inputs, retrain_days, seed, label, .. } = given;
        let Snapshots { from, every } = given.snapshots;
        let every = every.unwrap_or(Every::Month);
        let task = if is_clusters {
            Task::Clusters(Clusters {
                label,
                stability: given.stability.unwrap_or(0.85),
                smallest_share: given.smallest_share.unwrap_or(0.03),
                profile: given.profile,
                name: given.name.map_or_else(|| Expression::of("'segment ' || segment"), Ok)?,
            })
        } else {
            let Validated { last, every: period, min_rows } = read_validate(&config, given.validate)?;
            Task::Binary(Binary {
                label: label.ok_or_else(|| config.missing("", "label"))?,
                metric: given.metric.ok_or_else(|| config.missing("", "metric"))?,
                validate: Validate { last, every: period.unwrap_or(every), min_rows },
                slices: given.slices,
            })
        };
        let candidates = candidate::read(&config, given.candidates, is_clusters)?;
        Ok(Self { task, key, description, from, every, inputs, retrain_days, seed, candidates })
    }

    /// The column of what came true, if the model has one.
    pub fn label(&self) -> Option<&str> {
        match &self.task {
            Task::Binary(binary) => Some(&binary.label),
            Task::Clusters(clusters) => clusters.label.as_deref(),
        }
    }

    /// Whether a column stands beside the inputs: no model learns from it.
    pub fn is_beside(&self, column: &str) -> bool {
        const ALL: [&str; 3] = ["reference_date", "label_known_on", STAKE];
        ALL.contains(&column) || self.label() == Some(column) || self.key.iter().any(|key| key == column)
    }

    /// Whether a column of its SELECT is learned from.
    pub fn learns_from(&self, column: &str) -> bool {
        let is_chosen = |pattern: &String| matches_family(pattern, column);
        !self.is_beside(column) && (self.inputs.is_empty() || self.inputs.iter().any(is_chosen))
    }

    /// What is fitted for each candidate.
    pub fn recipes(&self) -> Vec<Recipe> {
        let of = |name: &String| self.candidates.iter().find(|candidate| candidate.name == *name);
        let parts = |algorithm: &Algorithm| match algorithm {
            Algorithm::Blend { of: names } => {
                names.iter().filter_map(of).map(|member| member.algorithm.clone()).collect()
            }
            algorithm => vec![algorithm.clone()],
        };
        let recipe = |c: &Candidate| Recipe { name: c.name.clone(), parts: parts(&c.algorithm) };
        self.candidates.iter().map(recipe).collect()
    }

    /// All reference dates of snapshots up to `last`.
    pub fn snapshots(&self, last: NaiveDate) -> Vec<NaiveDate> {
        self.every.range(self.from, last)
    }

    /// What decides a training: two models that agree in it need not be trained twice.
    pub fn substance(&self) -> String {
        let Self { task, key, from, every, inputs, seed, candidates, .. } = self;
        let candidates = joined(candidates.iter().map(|c| format!("{} {:?}", c.name, c.algorithm)), "; ");
        format!("{task:?} {key:?} {from} {every:?} {inputs:?} {seed} {candidates}")
    }
}

impl Given {
    /// A task that there is, and no key of the other one.
    fn check_task(&self, config: &Config<'_>) -> Result<(), Problem> {
        let of_others: &[&str] = match self.task.as_str() {
            "binary" => &["stability", "smallest_share", "profile", "name"],
            "clusters" => &["metric", "validate", "slices"],
            other => {
                let wrong = config.wrong("task", format!("`{other}` is not a task"));
                return Err(wrong.hint("there are: binary, clusters"));
            }
        };
        let Some(key) = of_others.iter().find(|key| config.has(key)) else { return Ok(()) };
        Err(config.wrong(key, format!("a model of the task `{}` has no such key", self.task)))
    }
}

fn read_validate(config: &Config<'_>, given: Option<Value>) -> Result<Validated> {
    let given = match given {
        Some(number @ Value::Number(_)) => {
            let Folds(last) = config.read_at("validate", number)?;
            Value::from(Map::from_iter([("last".to_owned(), last.into())]))
        }
        other => other.unwrap_or_else(|| Map::new().into()),
    };
    config.read_at("validate", given)
}
