//! Rolling out-of-time validation: each snapshot is scored by models that saw only what was known at its date.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use chrono::NaiveDate;
use rayon::prelude::*;

use super::{Recipe, recipe};
use crate::catalog::Model;
use crate::config::{ModelSpec, Validate};
use crate::dataset::Pulled;
use crate::learn::{self, Algorithm, Fitted, Importance, Interval, Metric, Scored, ValidationSet};
use crate::registry::Measured;

/// Resamples behind each interval.
const DRAWS: usize = 200;
/// Shuffles of each input behind its importance.
const REPEATS: usize = 2;

/// The snapshots of one period: the rows trained on, known by the first of them, and the rows scored.
pub struct Fold {
    /// The first snapshot.
    pub snapshot: NaiveDate,
    pub snapshots: usize,
    pub train: Vec<usize>,
    pub test: Vec<usize>,
}

/// What one candidate reached on one fold, or on a slice of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub candidate: String,
    pub snapshot: NaiveDate,
    pub snapshots: usize,
    /// `None` for all rows.
    pub slice: Option<String>,
    pub rows: usize,
    pub entities: usize,
    pub base_rate: f64,
    pub metrics: Vec<(Metric, Option<f64>, Option<Interval>)>,
}

impl Outcome {
    /// As the registry keeps it.
    pub fn lines(&self) -> impl Iterator<Item = Measured<'_>> {
        self.metrics.iter().map(|(metric, value, interval)| Measured {
            candidate: &self.candidate,
            snapshot: self.snapshot,
            snapshots: self.snapshots,
            slice: self.slice.as_deref(),
            metric: metric.name(),
            value: *value,
            interval: *interval,
            rows: self.rows,
            entities: self.entities,
            base_rate: Some(self.base_rate),
        })
    }

    pub fn value(&self, metric: Metric) -> Option<f64> {
        self.metrics.iter().find(|(other, _, _)| *other == metric).and_then(|(_, value, _)| *value)
    }
}

/// The mean of a metric over all folds of a candidate: of all their rows, or of a slice.
pub fn mean(outcomes: &[Outcome], candidate: &str, slice: Option<&str>, metric: Metric) -> Option<f64> {
    let values: Option<Vec<f64>> = outcomes
        .iter()
        .filter(|outcome| outcome.candidate == candidate && outcome.slice.as_deref() == slice)
        .map(|outcome| outcome.value(metric))
        .collect();
    values.filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>() / values.len() as f64)
}

/// The last folds whose labels were known by `as_of`, with something to train on before each.
pub fn folds(
    pulled: &Pulled,
    as_of: NaiveDate,
    spec: &ModelSpec,
    wanted: Validate,
) -> Result<Vec<Fold>, String> {
    let mut periods: BTreeMap<NaiveDate, Vec<NaiveDate>> = BTreeMap::new();
    for snapshot in spec.snapshots(as_of) {
        periods.entry(wanted.every.period(snapshot, spec.from)).or_default().push(snapshot);
    }
    let has_both = |rows: &[usize]| {
        rows.iter().any(|&row| pulled.labels[row] == Some(true))
            && rows.iter().any(|&row| pulled.labels[row] == Some(false))
    };
    let mut folds = Vec::new();
    for snapshots in periods.values().rev() {
        if folds.len() == wanted.last {
            break;
        }
        let first = snapshots[0];
        let all: Vec<usize> =
            (0..pulled.dates.len()).filter(|&row| snapshots.contains(&pulled.dates[row])).collect();
        let is_settled = pulled.is_settled(&all, as_of);
        let test: Vec<usize> = all.into_iter().filter(|&row| pulled.is_known(row, as_of)).collect();
        let train: Vec<usize> =
            pulled.known_by(first).into_iter().filter(|&row| pulled.dates[row] < first).collect();
        if is_settled && has_both(&test) && has_both(&train) {
            folds.push(Fold { snapshot: first, snapshots: snapshots.len(), train, test });
        }
    }
    folds.reverse();
    if folds.is_empty() {
        let known = pulled.known_by(as_of).len();
        return Err(format!(
            "no snapshot has its labels known by {as_of} and earlier rows to train on \
             ({} snapshots, {known} rows with a known label)",
            periods.values().map(Vec::len).sum::<usize>()
        ));
    }
    Ok(folds)
}

/// What a validation leaves behind.
pub struct Validated {
    pub outcomes: Vec<Outcome>,
    algorithms: Vec<Algorithm>,
    /// For each fold, the fitted algorithms in their order.
    fitted: Vec<Vec<Fitted>>,
}

/// Every recipe at every fold. Algorithms that several recipes share are fitted once.
pub fn run(pulled: &Pulled, folds: &[Fold], recipes: &[Recipe], model: &Model) -> Result<Validated> {
    let mut algorithms: Vec<Algorithm> = Vec::new();
    for part in recipes.iter().flat_map(|recipe| &recipe.parts).filter(|part| part.is_learned()) {
        if !algorithms.contains(part) {
            algorithms.push(part.clone());
        }
    }
    let jobs: Vec<(&Fold, &Algorithm)> =
        folds.iter().flat_map(|fold| algorithms.iter().map(move |algorithm| (fold, algorithm))).collect();
    let fit = |(fold, algorithm): &(&Fold, &Algorithm)| {
        let x = pulled.matrix.select(&fold.train);
        learn::fit(algorithm, &x, &pulled.truth(&fold.train), model.spec.seed)
    };
    let mut all = jobs.par_iter().map(fit).collect::<Result<Vec<Fitted>>>()?.into_iter();
    let fitted: Vec<Vec<Fitted>> =
        folds.iter().map(|_| all.by_ref().take(algorithms.len()).collect()).collect();
    let mut validated = Validated { outcomes: Vec::new(), algorithms, fitted };
    for recipe in recipes.iter().filter(|recipe| recipe.is_computable(pulled)) {
        let of_fold = |(at, fold): (usize, &Fold)| {
            let predicted = match pulled.rules.get(&recipe.name) {
                Some(rule) => fold.test.iter().map(|&row| rule[row]).collect(),
                None => validated.of(recipe, at)?.predict(&pulled.matrix.select(&fold.test))?,
            };
            measure(pulled, fold, &recipe.name, &predicted, model.spec.seed)
        };
        let outcomes: Vec<Vec<Outcome>> = folds.par_iter().enumerate().map(of_fold).collect::<Result<_>>()?;
        validated.outcomes.extend(outcomes.into_iter().flatten());
    }
    Ok(validated)
}

impl Validated {
    /// A learned recipe as it was fitted for fold `at`.
    fn of(&self, recipe: &Recipe, at: usize) -> Result<Fitted> {
        let part = |part: &Algorithm| {
            let place =
                self.algorithms.iter().position(|other| other == part).context("a part was not fitted")?;
            Ok(self.fitted[at][place].clone())
        };
        recipe::join(recipe.parts.iter().map(part).collect::<Result<Vec<Fitted>>>()?)
    }

    /// How much ROC AUC each input is worth to `recipe`, out of time; empty for a rule.
    pub fn importances(
        &self,
        pulled: &Pulled,
        folds: &[Fold],
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Vec<Importance>> {
        if recipe.rule().is_some() {
            return Ok(Vec::new());
        }
        let models = (0..folds.len()).map(|at| self.of(recipe, at)).collect::<Result<Vec<Fitted>>>()?;
        let tables: Vec<_> =
            folds.iter().map(|fold| (pulled.matrix.select(&fold.test), pulled.truth(&fold.test))).collect();
        let sets: Vec<ValidationSet<'_>> =
            models.iter().zip(&tables).map(|(model, (x, y))| ValidationSet { model, x, y }).collect();
        learn::permutation_importance(&sets, REPEATS, seed)
    }
}

/// The metrics of a fold, and of those of its slices that have both labels.
fn measure(pulled: &Pulled, fold: &Fold, name: &str, predicted: &[f64], seed: u64) -> Result<Vec<Outcome>> {
    let everything: Vec<usize> = (0..fold.test.len()).collect();
    let mut outcomes = vec![measure_part(pulled, fold, name, predicted, &everything, None, seed)?];
    for (slice, inside) in &pulled.slices {
        let part: Vec<usize> = everything.iter().copied().filter(|&at| inside[fold.test[at]]).collect();
        if !part.is_empty() {
            outcomes.push(measure_part(pulled, fold, name, predicted, &part, Some(slice), seed)?);
        }
    }
    Ok(outcomes)
}

fn measure_part(
    pulled: &Pulled,
    fold: &Fold,
    name: &str,
    predicted: &[f64],
    part: &[usize],
    slice: Option<&str>,
    seed: u64,
) -> Result<Outcome> {
    let rows: Vec<usize> = part.iter().map(|&at| fold.test[at]).collect();
    let predicted: Vec<f64> = part.iter().map(|&at| predicted[at]).collect();
    let entities: Vec<&str> = rows.iter().map(|&row| pulled.entities[row].as_str()).collect();
    let scored = Scored::new(&pulled.truth(&rows), &predicted)?;
    let intervals = scored.intervals(&Metric::ALL, &entities, DRAWS, seed)?;
    let metrics = Metric::ALL
        .into_iter()
        .zip(intervals)
        .map(|(metric, interval)| (metric, scored.metric(metric), interval));
    Ok(Outcome {
        candidate: name.to_owned(),
        snapshot: fold.snapshot,
        snapshots: fold.snapshots,
        slice: slice.map(str::to_owned),
        rows: rows.len(),
        entities: entities.iter().collect::<BTreeSet<_>>().len(),
        base_rate: scored.metric(Metric::BaseRate).unwrap_or_default(),
        metrics: metrics.collect(),
    })
}
