//! Rolling out-of-time validation: each snapshot is scored by models that saw only what was known at its date.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use chrono::NaiveDate;
use rayon::prelude::*;

use crate::config::{ModelSpec, Validate};
use crate::dataset::Dataset;
use crate::learn::{self, Algorithm, Fitted, Importance, Metric, Recipe, Scored, ValidationSet};
use crate::registry::{Curve, Mean, Measured};
use crate::term::{self, Progress};

/// Resamples behind each interval.
const DRAWS: usize = 200;

/// The snapshots of one period: the rows trained on, known by the first of them, and the rows scored.
pub struct Fold {
    /// The first snapshot.
    pub snapshot: NaiveDate,
    pub snapshots: usize,
    pub train: Vec<usize>,
    pub test: Vec<usize>,
}

/// A recipe's mean over folds; `None` where a fold has no value, since other folds alone would flatter.
pub fn mean(measured: &[Measured], candidate: &str, slice: Option<&str>, metric: Metric) -> Option<f64> {
    let is_its = |one: &&Measured| {
        one.candidate == candidate && one.slice.as_deref() == slice && one.metric == metric.name()
    };
    learn::mean_of(measured.iter().filter(is_its).map(|one| one.value))
}

/// A fold that is none: as the registry keeps it, by the rows that it would be trained on, and why.
pub struct NoFold {
    pub line: Measured,
    pub note: String,
}

impl NoFold {
    fn new(snapshot: NaiveDate, rows: usize, why: &str) -> Self {
        let line = Measured {
            // What stands for it where candidates have their names.
            candidate: "(no fold)".to_owned(),
            snapshot,
            metric: "training_rows",
            value: Some(rows as f64),
            rows,
            entities: rows,
            ..Measured::default()
        };
        Self { line, note: format!("{snapshot} is no fold: {why}") }
    }
}

/// The last folds whose labels were known by `as_of`, and which of these have not enough to train on, or nothing to
/// tell apart.
pub fn folds(
    data: &Dataset,
    as_of: NaiveDate,
    spec: &ModelSpec,
    wanted: Validate,
) -> (Vec<Fold>, Vec<NoFold>) {
    let mut periods: BTreeMap<NaiveDate, Vec<NaiveDate>> = BTreeMap::new();
    for snapshot in spec.snapshots(as_of) {
        periods.entry(wanted.every.period(snapshot, spec.from)).or_default().push(snapshot);
    }
    let has = |rows: &[usize], label| rows.iter().any(|&row| data.labels[row] == Some(label));
    let has_both = |rows: &[usize]| has(rows, true) && has(rows, false);
    let (mut folds, mut no_folds) = (Vec::new(), Vec::new());
    for snapshots in periods.values().rev() {
        if folds.len() + no_folds.len() == wanted.last {
            break;
        }
        let snapshot = snapshots[0];
        let all: Vec<usize> = snapshots.iter().flat_map(|snapshot| data.of(*snapshot)).collect();
        if !data.is_settled(&all, as_of) {
            continue;
        }
        let test: Vec<usize> = all.into_iter().filter(|&row| data.is_known(row, as_of)).collect();
        let train: Vec<usize> =
            data.known_by(snapshot).into_iter().filter(|&row| data.dates[row] < snapshot).collect();
        let rows = train.len();
        let why = if rows == 0 {
            continue;
        } else if rows < wanted.min_rows {
            let rows = term::counted(rows, "row");
            format!("{rows} to train on, fewer than min_rows = {}", wanted.min_rows)
        } else if !has_both(&train) {
            "all rows to train on have the same label".to_owned()
        } else if !has_both(&test) {
            "all its rows have the same label".to_owned()
        } else {
            folds.push(Fold { snapshot, snapshots: snapshots.len(), train, test });
            continue;
        };
        no_folds.push(NoFold::new(snapshot, rows, &why));
    }
    folds.reverse();
    no_folds.reverse();
    (folds, no_folds)
}

/// What a validation leaves behind.
pub struct Validated {
    pub metrics: Vec<Measured>,
    pub means: Vec<Mean>,
    algorithms: Vec<Algorithm>,
    /// For each fold, the fitted algorithms in their order.
    fitted: Vec<Vec<Fitted>>,
}

/// Whether the rows have what the recipe is computed from.
pub fn is_computable(recipe: &Recipe, data: &Dataset) -> bool {
    recipe.rule().is_none() || data.rules.contains_key(&recipe.name)
}

/// The algorithms that are learned, each once, however many recipes share it.
fn learned(recipes: &[Recipe]) -> Vec<Algorithm> {
    let mut algorithms: Vec<Algorithm> = Vec::new();
    for part in recipes.iter().flat_map(|recipe| &recipe.parts).filter(|part| part.is_learned()) {
        if !algorithms.contains(part) {
            algorithms.push(part.clone());
        }
    }
    algorithms
}

/// What `run` has to fit and to measure.
pub fn steps(folds: &[Fold], recipes: &[Recipe]) -> usize {
    folds.len() * (learned(recipes).len() + recipes.len())
}

/// Every recipe at every fold, measured.
pub fn run(
    data: &Dataset,
    folds: &[Fold],
    recipes: &[Recipe],
    seed: u64,
    by: Metric,
    progress: &Progress,
) -> Result<Validated> {
    let mut validated = fit(data, folds, recipes, seed, progress)?;
    for recipe in recipes.iter().filter(|recipe| is_computable(recipe, data)) {
        let predicted = validated.predicted(data, folds, recipe)?;
        let of_fold = |(fold, predicted): (&Fold, &Vec<f64>)| {
            let measured = measure(data, fold, &recipe.name, predicted, seed);
            progress.step();
            measured
        };
        let of_folds = folds.par_iter().zip(&predicted).map(of_fold).collect::<Result<Vec<_>>>()?;
        validated.metrics.extend(of_folds.into_iter().flatten());
        validated.means.push(mean_of(data, folds, &recipe.name, &predicted, seed, by)?);
    }
    Ok(validated)
}

/// Every recipe at every fold. Algorithms that several recipes share are fitted once.
pub fn fit(
    data: &Dataset,
    folds: &[Fold],
    recipes: &[Recipe],
    seed: u64,
    progress: &Progress,
) -> Result<Validated> {
    let algorithms = learned(recipes);
    let jobs: Vec<(&Fold, &Algorithm)> =
        folds.iter().flat_map(|fold| algorithms.iter().map(move |algorithm| (fold, algorithm))).collect();
    let fit = |(fold, algorithm): &(&Fold, &Algorithm)| {
        let x = data.matrix.select(&fold.train);
        let fitted = learn::fit(algorithm, &x, &data.truth(&fold.train), seed);
        progress.step();
        fitted
    };
    let mut all = jobs.par_iter().map(fit).collect::<Result<Vec<Fitted>>>()?.into_iter();
    let fitted: Vec<Vec<Fitted>> =
        folds.iter().map(|_| all.by_ref().take(algorithms.len()).collect()).collect();
    Ok(Validated { metrics: Vec::new(), means: Vec::new(), algorithms, fitted })
}

impl Validated {
    /// A learned recipe as it was fitted for fold `at`.
    fn of(&self, recipe: &Recipe, at: usize) -> Result<Fitted> {
        let part = |part: &Algorithm| {
            let place =
                self.algorithms.iter().position(|other| other == part).context("a part was not fitted")?;
            Ok(self.fitted[at][place].clone())
        };
        Recipe::join(recipe.parts.iter().map(part).collect::<Result<Vec<Fitted>>>()?)
    }

    /// What a recipe says of the rows of each fold.
    pub fn predicted(&self, data: &Dataset, folds: &[Fold], recipe: &Recipe) -> Result<Vec<Vec<f64>>> {
        let of_fold = |(at, fold): (usize, &Fold)| match data.rules.get(&recipe.name) {
            Some(rule) => Ok(fold.test.iter().map(|&row| rule[row]).collect()),
            None => self.of(recipe, at)?.predict(&data.matrix.select(&fold.test)),
        };
        folds.par_iter().enumerate().map(of_fold).collect()
    }

    /// The lists that a recipe makes of the folds, in hundredths.
    pub fn curves(&self, data: &Dataset, folds: &[Fold], recipe: &Recipe) -> Result<Vec<Curve>> {
        let mut curves = Vec::new();
        for (fold, scores) in folds.iter().zip(self.predicted(data, folds, recipe)?) {
            let parts = Scored::new(&data.truth(&fold.test), &scores)?.curve();
            let of_part = |part| Curve { candidate: recipe.name.clone(), snapshot: fold.snapshot, part };
            curves.extend(parts.into_iter().map(of_part));
        }
        Ok(curves)
    }

    /// How much ROC AUC each input is worth to `recipe`, out of time; empty for a rule.
    pub fn importances(
        &self,
        data: &Dataset,
        folds: &[Fold],
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Vec<Importance>> {
        if recipe.rule().is_some() {
            return Ok(Vec::new());
        }
        let set = |(at, fold): (usize, &Fold)| {
            let (x, y) = (data.matrix.select(&fold.test), data.truth(&fold.test));
            Ok(ValidationSet { model: self.of(recipe, at)?, x, y })
        };
        let sets = folds.iter().enumerate().map(set).collect::<Result<Vec<_>>>()?;
        learn::permutation_importance(sets, seed)
    }
}

/// The deciding metric's mean over all folds.
fn mean_of(
    data: &Dataset,
    folds: &[Fold],
    name: &str,
    predicted: &[Vec<f64>],
    seed: u64,
    by: Metric,
) -> Result<Mean> {
    let scored =
        folds.iter().zip(predicted).map(|(fold, scores)| Scored::new(&data.truth(&fold.test), scores));
    let scored = scored.collect::<Result<Vec<Scored>>>()?;
    let entity = |&row: &usize| data.entities[row].as_str();
    let entities: Vec<Vec<&str>> = folds.iter().map(|fold| fold.test.iter().map(entity).collect()).collect();
    let entities: Vec<&[&str]> = entities.iter().map(Vec::as_slice).collect();
    let interval =
        learn::interval_of_mean(&entities, DRAWS, seed, |at, weights| scored[at].weighted(by, weights))?;
    Ok(Mean {
        candidate: name.to_owned(),
        metric: by.name(),
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
    })
}

/// The metrics of a fold, and of its slices that have rows.
pub fn measure(
    data: &Dataset,
    fold: &Fold,
    name: &str,
    predicted: &[f64],
    seed: u64,
) -> Result<Vec<Measured>> {
    let all = (None, (0..fold.test.len()).collect::<Vec<usize>>());
    let of_slice = |(slice, inside): &(String, Vec<bool>)| {
        let part = (0..fold.test.len()).filter(|&at| inside[fold.test[at]]);
        (Some(slice.clone()), part.collect::<Vec<usize>>())
    };
    let slices = data.slices.iter().map(of_slice).filter(|(_, part)| !part.is_empty());
    let mut lines = Vec::new();
    for (slice, part) in std::iter::once(all).chain(slices) {
        let rows: Vec<usize> = part.iter().map(|&at| fold.test[at]).collect();
        let predicted: Vec<f64> = part.iter().map(|&at| predicted[at]).collect();
        let entities: Vec<&str> = rows.iter().map(|&row| data.entities[row].as_str()).collect();
        let scored = Scored::new(&data.truth(&rows), &predicted)?;
        let intervals = scored.intervals(&Metric::ALL, &entities, DRAWS, seed)?;
        lines.extend(Metric::ALL.into_iter().zip(intervals).map(|(metric, interval)| Measured {
            candidate: name.to_owned(),
            snapshot: fold.snapshot,
            snapshots: fold.snapshots,
            slice: slice.clone(),
            metric: metric.name(),
            value: scored.metric(metric),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            rows: rows.len(),
            entities: entities.iter().collect::<BTreeSet<_>>().len(),
            base_rate: scored.metric(Metric::BaseRate),
        }));
    }
    Ok(lines)
}
