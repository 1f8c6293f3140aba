//! Rolling out-of-time validation: each snapshot is scored by models that saw only what was known at its date.

use anyhow::{Context, Result};
use chrono::NaiveDate;
use rayon::prelude::*;

use super::{Pulled, Recipe, recipe};
use crate::build::Model;
use crate::learn::{self, Algorithm, Fitted, Importance, Interval, Metric, Scored, ValidationSet};

/// Resamples behind each interval.
const DRAWS: usize = 200;
/// Shuffles of each input behind its importance.
const REPEATS: usize = 2;

/// One validation snapshot: the rows trained on, and the rows scored.
pub struct Fold {
    pub snapshot: NaiveDate,
    pub train: Vec<usize>,
    pub test: Vec<usize>,
}

/// What one candidate reached at one snapshot.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub candidate: String,
    pub snapshot: NaiveDate,
    pub rows: usize,
    pub base_rate: f64,
    pub metrics: Vec<(Metric, Option<f64>, Option<Interval>)>,
}

impl Outcome {
    pub fn value(&self, metric: Metric) -> Option<f64> {
        self.metrics.iter().find(|(other, _, _)| *other == metric).and_then(|(_, value, _)| *value)
    }
}

/// The mean of a metric over all snapshots of a candidate.
pub fn mean(outcomes: &[Outcome], candidate: &str, metric: Metric) -> Option<f64> {
    let values: Option<Vec<f64>> = outcomes
        .iter()
        .filter(|outcome| outcome.candidate == candidate)
        .map(|outcome| outcome.value(metric))
        .collect();
    values.filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>() / values.len() as f64)
}

/// The last `count` snapshots whose labels were all known by `as_of`, with something to train on before each.
///
/// # Errors
/// A sentence that says what is missing.
pub fn folds(pulled: &Pulled, as_of: NaiveDate, count: usize) -> Result<Vec<Fold>, String> {
    let mut snapshots: Vec<NaiveDate> = pulled.dates.clone();
    snapshots.dedup();
    let has_both = |rows: &[usize]| {
        rows.iter().any(|&row| pulled.labels[row] == Some(true))
            && rows.iter().any(|&row| pulled.labels[row] == Some(false))
    };
    let mut folds = Vec::new();
    for &snapshot in snapshots.iter().rev() {
        if folds.len() == count {
            break;
        }
        let test: Vec<usize> = (0..pulled.dates.len()).filter(|&row| pulled.dates[row] == snapshot).collect();
        let settled = test.iter().all(|&row| {
            pulled.labels[row].is_some() && pulled.known_on[row].is_some_and(|known| known <= as_of)
        });
        let train: Vec<usize> =
            pulled.known_by(snapshot).into_iter().filter(|&row| pulled.dates[row] < snapshot).collect();
        if settled && has_both(&test) && has_both(&train) {
            folds.push(Fold { snapshot, train, test });
        }
    }
    folds.reverse();
    if folds.is_empty() {
        let known = pulled.known_by(as_of).len();
        return Err(format!(
            "no snapshot has all its labels known by {as_of} and earlier rows to train on \
             ({} snapshots, {known} rows with a known label)",
            snapshots.len()
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
///
/// # Errors
/// When an algorithm cannot be fitted.
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
        for (at, fold) in folds.iter().enumerate() {
            let predicted = match pulled.rules.get(&recipe.name) {
                Some(rule) => fold.test.iter().map(|&row| rule[row]).collect(),
                None => validated.of(recipe, at)?.predict(&pulled.matrix.select(&fold.test))?,
            };
            validated.outcomes.push(measure(pulled, fold, &recipe.name, &predicted, model)?);
        }
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
    ///
    /// # Errors
    /// When scoring fails.
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

fn measure(pulled: &Pulled, fold: &Fold, name: &str, predicted: &[f64], model: &Model) -> Result<Outcome> {
    let labels = pulled.truth(&fold.test);
    let entities: Vec<&str> = fold.test.iter().map(|&row| pulled.entities[row].as_str()).collect();
    let scored = Scored::new(&labels, predicted)?;
    let intervals = scored.intervals(&Metric::ALL, &entities, DRAWS, model.spec.seed)?;
    let metrics = Metric::ALL
        .into_iter()
        .zip(intervals)
        .map(|(metric, interval)| (metric, scored.metric(metric), interval));
    Ok(Outcome {
        candidate: name.to_owned(),
        snapshot: fold.snapshot,
        rows: labels.len(),
        base_rate: scored.metric(Metric::BaseRate).unwrap_or_default(),
        metrics: metrics.collect(),
    })
}
