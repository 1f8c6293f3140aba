//! `models/<name>.sql`: the problem, its snapshots, and the candidates that compete.

use anyhow::Result;
use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::Fields;
use crate::dates::{self, Every};
use crate::learn::{Algorithm, Metric, Recipe};
use crate::problem::{Problem, suggest};
use crate::template::{Rendered, config};

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
    pub slices: Vec<(String, String)>,
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
    pub profile: Vec<(String, String)>,
    /// Names a segment, from the columns of the profile.
    pub name: String,
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
    pub description: String,
    pub from: NaiveDate,
    pub every: Every,
    /// Names or families of the columns that are learned from; empty: all that are not key or label.
    pub inputs: Vec<String>,
    pub retrain_days: i64,
    pub seed: u64,
    pub candidates: Vec<Candidate>,
}

impl ModelSpec {
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let mut fields = Fields::new(&rendered.file, source, "", rendered.config.clone());
        let task = fields.text("task")?;
        let key = fields.some_texts("key")?;
        let (from, every) = read_snapshots(&mut fields)?;
        let task = match task.as_str() {
            "binary" => Task::Binary(read_binary(&mut fields, every)?),
            "clusters" => Task::Clusters(read_clusters(&mut fields)?),
            other => {
                return Err(fields
                    .wrong("task", format!("`{other}` is not a task"))
                    .hint("there are: binary, clusters")
                    .into());
            }
        };
        let candidates = read_candidates(&mut fields, rendered, source, &task)?;
        let spec = Self {
            task,
            key,
            description: fields.text("description")?,
            from,
            every,
            inputs: fields.texts("inputs")?,
            retrain_days: i64::try_from(fields.whole("retrain_days", 28, 1..=3650)?)?,
            seed: fields.whole("seed", 42, 0..=u64::MAX)?,
            candidates,
        };
        fields.finish()?;
        Ok(spec)
    }

    /// The column of what came true, if the model has one.
    pub fn label(&self) -> Option<&str> {
        match &self.task {
            Task::Binary(binary) => Some(&binary.label),
            Task::Clusters(clusters) => clusters.label.as_deref(),
        }
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
        let candidates: Vec<String> =
            self.candidates.iter().map(|c| format!("{} {:?}", c.name, c.algorithm)).collect();
        format!(
            "{:?} {:?} {} {:?} {:?} {} {}",
            self.task,
            self.key,
            self.from,
            self.every,
            self.inputs,
            self.seed,
            candidates.join("; ")
        )
    }
}

fn read_binary(fields: &mut Fields<'_>, every: Every) -> Result<Binary> {
    let name = fields.text("metric")?;
    let chooses = |metric: &Metric| metric.higher_is_better().is_some();
    let metric = Metric::parse(&name).filter(chooses).ok_or_else(|| {
        let known = Metric::ALL.into_iter().filter(chooses).map(Metric::name);
        fields.wrong("metric", format!("`{name}` is not a metric")).maybe_hint(suggest(&name, known))
    })?;
    Ok(Binary {
        label: fields.text("label")?,
        metric,
        validate: read_validate(fields, every)?,
        slices: fields.text_map("slices")?,
    })
}

fn read_clusters(fields: &mut Fields<'_>) -> Result<Clusters> {
    Ok(Clusters {
        label: fields.optional_text("label")?,
        stability: fields.number("stability", 0.85, 0.0..=1.0)?,
        smallest_share: fields.number("smallest_share", 0.03, 0.0..=0.5)?,
        profile: fields.text_map("profile")?,
        name: fields.optional_text("name")?.unwrap_or_else(|| "'segment ' || segment".to_owned()),
    })
}

/// Of fewer, nothing is learned that a contest could be decided by.
const MIN_ROWS: usize = 300;

/// `validate = 4`, or `{'last': 4, 'every': 'month', 'min_rows': 300}` to take the snapshots of a month together.
fn read_validate(fields: &mut Fields<'_>, every: Every) -> Result<Validate> {
    const FOLDS: std::ops::RangeInclusive<u64> = 1..=24;
    if !fields.is_map("validate") {
        let last = usize::try_from(fields.whole("validate", 4, FOLDS)?)?;
        return Ok(Validate { last, every, min_rows: MIN_ROWS });
    }
    let map = fields.map("validate")?;
    let mut given = fields.below("validate", Value::Object(map))?;
    let last = usize::try_from(given.whole("last", 4, FOLDS)?)?;
    let every = read_every(&mut given)?.unwrap_or(every);
    let min_rows = usize::try_from(given.whole("min_rows", MIN_ROWS as u64, 1..=1_000_000)?)?;
    given.finish()?;
    Ok(Validate { last, every, min_rows })
}

fn read_every(fields: &mut Fields<'_>) -> Result<Option<Every>> {
    let Some(text) = fields.optional_text("every")? else { return Ok(None) };
    Ok(Some(text.parse().map_err(|problem: Problem| fields.wrong("every", problem.message))?))
}

fn read_snapshots(fields: &mut Fields<'_>) -> Result<(NaiveDate, Every)> {
    let map = fields.some_map("snapshots")?;
    let mut given = fields.below("snapshots", Value::Object(map))?;
    let text = given.text("from")?;
    let from = dates::parse(&text).map_err(|message| given.wrong("from", message))?;
    let every = read_every(&mut given)?.unwrap_or(Every::Month);
    given.finish()?;
    Ok((from, every))
}

fn read_candidates(
    fields: &mut Fields<'_>,
    rendered: &Rendered,
    source: &str,
    task: &Task,
) -> Result<Vec<Candidate>> {
    let groups = matches!(task, Task::Clusters(_));
    let mut candidates = Vec::new();
    for (name, value) in fields.map("candidates")? {
        let path = format!("candidates.{name}");
        let map: Map<String, Value> = fields.below(&path, value)?.rest();
        let algorithm = Algorithm::parse(&map, groups).map_err(|error| {
            let at = config::nearest_place(&rendered.file, source, &format!("{path}.{}", error.setting));
            Problem { place: at, ..Problem::usage(format!("candidate `{name}`: {}", error.message)) }
                .maybe_hint(error.hint)
                .at_least(&rendered.file, source)
        })?;
        candidates.push(Candidate { name, algorithm });
    }
    if candidates.is_empty() {
        return Err(fields.absent("candidates", "a model needs at least one candidate").into());
    }
    for candidate in &candidates {
        let Algorithm::Blend { of } = &candidate.algorithm else {
            continue;
        };
        for (at, member) in of.iter().enumerate() {
            let found = candidates.iter().find(|other| other.name == *member);
            if found.is_none_or(|other| !other.algorithm.is_learned()) {
                let learned = candidates.iter().filter(|c| c.algorithm.is_learned()).map(|c| c.name.as_str());
                return Err(fields
                    .wrong_item(
                        &format!("candidates.{}.of", candidate.name),
                        at,
                        format!("`{member}` is not a learned candidate of this model"),
                    )
                    .maybe_hint(suggest(member, learned))
                    .into());
            }
        }
    }
    Ok(candidates)
}
