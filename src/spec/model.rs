//! `models/<name>.sql`: the problem, its snapshots, and the candidates that compete.

use anyhow::Result;
use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::Fields;
use crate::dates::{self, Every};
use crate::learn::{Algorithm, Metric};
use crate::problem::{Place, Problem, suggest};
use crate::template::Rendered;

/// What a model learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A label of two values; scores are probabilities.
    Binary,
}

/// One algorithm with its settings.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub name: String,
    pub algorithm: Algorithm,
}

/// The config of one model.
#[derive(Debug, Clone)]
pub struct ModelSpec {
    pub task: Task,
    pub key: Vec<String>,
    pub label: String,
    /// Decides who becomes champion.
    pub metric: Metric,
    pub description: String,
    pub from: NaiveDate,
    pub every: Every,
    /// Number of out-of-time snapshots.
    pub validate: usize,
    pub retrain_days: i64,
    pub seed: u64,
    pub candidates: Vec<Candidate>,
}

impl ModelSpec {
    /// # Errors
    /// The first key that is missing, unknown or of the wrong type.
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let mut fields = Fields::new(&rendered.file, source, "", rendered.config.clone());
        let task = match fields.text("task")?.as_str() {
            "binary" => Task::Binary,
            other => {
                return Err(fields
                    .wrong("task", format!("`{other}` is not a task"))
                    .hint("there is: binary")
                    .into());
            }
        };
        let key = fields.some_texts("key")?;
        let name = fields.text("metric")?;
        let known =
            Metric::ALL.into_iter().filter(|metric| metric.higher_is_better().is_some()).map(Metric::name);
        let metric =
            Metric::parse(&name).filter(|metric| metric.higher_is_better().is_some()).ok_or_else(|| {
                fields
                    .wrong("metric", format!("`{name}` is not a metric"))
                    .maybe_hint(suggest(&name, known.clone()))
            })?;
        let (from, every) = read_snapshots(&mut fields)?;
        let candidates = read_candidates(&mut fields, rendered, source)?;
        let spec = Self {
            task,
            key,
            label: fields.text("label")?,
            metric,
            description: fields.text("description")?,
            from,
            every,
            validate: usize::try_from(fields.whole("validate", 4, 1..=24)?)?,
            retrain_days: i64::try_from(fields.whole("retrain_days", 28, 1..=3650)?)?,
            seed: fields.whole("seed", 42, 0..=u64::MAX)?,
            candidates,
        };
        fields.finish()?;
        Ok(spec)
    }

    /// All reference dates of snapshots up to `last`.
    pub fn snapshots(&self, last: NaiveDate) -> Vec<NaiveDate> {
        self.every.range(self.from, last)
    }

    /// What decides a training: two models that agree in it need not be trained twice.
    pub fn substance(&self) -> String {
        let candidates: Vec<String> =
            self.candidates.iter().map(|c| format!("{} {:?}", c.name, c.algorithm)).collect();
        format!(
            "{:?} {:?} {} {} {} {:?} {} {} {}",
            self.task,
            self.key,
            self.label,
            self.metric.name(),
            self.from,
            self.every,
            self.validate,
            self.seed,
            candidates.join("; ")
        )
    }
}

fn read_snapshots(fields: &mut Fields<'_>) -> Result<(NaiveDate, Every)> {
    let map = fields.map("snapshots")?;
    let mut given = fields.below("snapshots", Value::Object(map))?;
    let text = given.text("from")?;
    let from = dates::parse(&text).map_err(|message| given.wrong("from", message))?;
    let every = given.optional_text("every")?.unwrap_or_else(|| "month".to_owned());
    let every = every.parse().map_err(|problem: Problem| given.wrong("every", problem.message))?;
    given.finish()?;
    Ok((from, every))
}

fn read_candidates(fields: &mut Fields<'_>, rendered: &Rendered, source: &str) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for (name, value) in fields.map("candidates")? {
        let map: Map<String, Value> = fields.below(&name, value)?.rest();
        let algorithm = Algorithm::parse(&map).map_err(|error| {
            let at = source.find(&format!("'{name}'")).unwrap_or(0);
            let within = source[at..].find(&error.setting).map_or(at, |further| at + further);
            Problem::usage(format!("candidate `{name}`: {}", error.message))
                .at(Place::at_offset(&rendered.file, source, within))
                .maybe_hint(error.hint)
        })?;
        candidates.push(Candidate { name, algorithm });
    }
    if candidates.is_empty() {
        return Err(fields.wrong("candidates", "a model needs at least one candidate").into());
    }
    for candidate in &candidates {
        let Algorithm::Blend { of } = &candidate.algorithm else {
            continue;
        };
        for member in of {
            let found = candidates.iter().find(|other| other.name == *member);
            if found.is_none_or(|other| !other.algorithm.is_learned()) {
                let learned = candidates.iter().filter(|c| c.algorithm.is_learned()).map(|c| c.name.as_str());
                return Err(fields
                    .wrong(&candidate.name, format!("`{member}` is not a learned candidate of this model"))
                    .maybe_hint(suggest(member, learned))
                    .into());
            }
        }
    }
    Ok(candidates)
}
