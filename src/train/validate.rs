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

pub fn mean(measured: &[Measured], candidate: &str, slice: Option<&str>, metric: Metric) -> Option<f64> {
    let is_its = |one: &&Measured| {
        one.candidate == candidate && one.slice.as_deref() == slice && one.metric == metric.name()
    };
    learn::mean_of(measured.iter().filter(is_its).map(|one| one.value))
}

/// The last folds whose labels were known by `as_of`; and those that have not enough to train on, or nothing to tell
/// apart: as the registry keeps them, by the rows that they would be trained on, and why.
pub fn folds(
    data: &Dataset,
    as_of: NaiveDate,
    spec: &ModelSpec,
    wanted: Validate,
) -> (Vec<Fold>, Vec<(Measured, String)>) {
    let mut periods: BTreeMap<NaiveDate, Vec<NaiveDate>> = BTreeMap::new();
    for snapshot in spec.snapshots(as_of) {
        periods.entry(wanted.every.period(snapshot, spec.from)).or_default().push(snapshot);
    }
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
        } else if !data.has_both_classes(&train) {
            "all rows to train on have the same label".to_owned()
        } else if !data.has_both_classes(&test) {
            "all its rows have the same label".to_owned()
        } else {
            folds.push(Fold { snapshot, snapshots: snapshots.len(), train, test });
            continue;
        };
        // What stands for it where candidates have their names.
        let candidate = "(no fold)".to_owned();
        let (metric, value) = ("training_rows", Some(rows as f64));
        let line =
            Measured { candidate, snapshot, metric, value, rows, entities: rows, ..Measured::default() };
        no_folds.push((line, format!("{snapshot} is no fold: {why}")));
    }
    folds.reverse();
    no_folds.reverse();
    (folds, no_folds)
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

/// What there is to fit and to measure.
pub fn steps(folds: &[Fold], recipes: &[Recipe]) -> usize {
    folds.len() * (learned(recipes).len() + recipes.len())
}

/// Recipes, fitted as of every fold.
pub struct Validated<'a> {
    pub data: &'a Dataset,
    pub folds: &'a [Fold],
    recipes: &'a [Recipe],
    seed: u64,
    algorithms: Vec<Algorithm>,
    /// For each fold, the fitted algorithms in their order.
    fitted: Vec<Vec<Fitted>>,
    /// For each recipe, what it says of the rows of each fold; nothing of one that cannot be computed.
    pub predicted: Vec<Vec<Vec<f64>>>,
}

impl<'a> Validated<'a> {
    /// Algorithms that several recipes share are fitted once.
    pub fn fit(
        data: &'a Dataset,
        folds: &'a [Fold],
        recipes: &'a [Recipe],
        seed: u64,
        progress: &Progress,
    ) -> Result<Self> {
        let algorithms = learned(recipes);
        let jobs: Vec<(&Fold, &Algorithm)> =
            folds.iter().flat_map(|fold| algorithms.iter().map(move |algorithm| (fold, algorithm))).collect();
        let fit = |(fold, algorithm): &(&Fold, &Algorithm)| {
            let x = data.matrix.select(&fold.train);
            let fitted = learn::fit(algorithm, &x, &data.truth(&fold.train), seed);
            progress.step();
            fitted
        };
        let mut all = jobs.par_iter().with_max_len(1).map(fit).collect::<Result<Vec<Fitted>>>()?.into_iter();
        let fitted = folds.iter().map(|_| all.by_ref().take(algorithms.len()).collect()).collect();
        let mut validated = Self { data, folds, recipes, seed, algorithms, fitted, predicted: Vec::new() };
        let predicted = recipes.iter().map(|recipe| validated.predict(recipe));
        validated.predicted = predicted.collect::<Result<_>>()?;
        Ok(validated)
    }

    fn predict(&self, recipe: &Recipe) -> Result<Vec<Vec<f64>>> {
        if !is_computable(recipe, self.data) {
            return Ok(Vec::new());
        }
        let of_fold = |(at, fold): (usize, &Fold)| match self.data.rules.get(&recipe.name) {
            Some(rule) => Ok(fold.test.iter().map(|&row| rule[row]).collect()),
            None => self.of(recipe, at)?.predict(&self.data.matrix.select(&fold.test)),
        };
        self.folds.par_iter().enumerate().map(of_fold).collect()
    }

    /// A learned recipe as it was fitted for fold `at`.
    fn of(&self, recipe: &Recipe, at: usize) -> Result<Fitted> {
        let part = |part: &Algorithm| {
            let place = self.algorithms.iter().position(|other| other == part);
            Ok(self.fitted[at][place.context("a part was not fitted")?].clone())
        };
        Recipe::join(recipe.parts.iter().map(part).collect::<Result<Vec<Fitted>>>()?)
    }

    /// The metrics of every recipe at every fold, and what lies around the deciding one's mean.
    pub fn measured(&self, by: Metric, progress: &Progress) -> Result<(Vec<Measured>, Vec<Mean>)> {
        let (mut metrics, mut means) = (Vec::new(), Vec::new());
        let entities: Vec<_> = self.folds.iter().map(|fold| self.data.entities_of(&fold.test)).collect();
        let all = self.recipes.iter().zip(&self.predicted);
        for (Recipe { name, .. }, predicted) in all.filter(|(_, predicted)| !predicted.is_empty()) {
            let of_fold = |(fold, scores): (&Fold, &Vec<f64>)| {
                let measured = measure(self.data, fold, name, scores, self.seed);
                progress.step();
                measured
            };
            let of_folds = self.folds.par_iter().zip(predicted).map(of_fold).collect::<Result<Vec<_>>>()?;
            metrics.extend(of_folds.into_iter().flatten());
            let scored = self.scored(predicted)?;
            let value = |at: usize, weights: &[f64]| scored[at].weighted(by, weights);
            let interval = learn::interval_of_mean(&entities, DRAWS, self.seed, value)?;
            means.push(Mean { candidate: name.clone(), metric: by.name(), interval });
        }
        Ok((metrics, means))
    }

    fn scored(&self, predicted: &[Vec<f64>]) -> Result<Vec<Scored>> {
        let all = self.folds.iter().zip(predicted);
        all.map(|(fold, scores)| Scored::new(&self.data.truth(&fold.test), scores)).collect()
    }

    /// The lists that a recipe makes of the folds, in hundredths.
    pub fn curves(&self, recipe: usize) -> Result<Vec<Curve>> {
        let name = &self.recipes[recipe].name;
        let mut curves = Vec::new();
        for (fold, scored) in self.folds.iter().zip(self.scored(&self.predicted[recipe])?) {
            let of_part = |part| Curve { candidate: name.clone(), snapshot: fold.snapshot, part };
            curves.extend(scored.curve().into_iter().map(of_part));
        }
        Ok(curves)
    }

    /// How much ROC AUC each input is worth to a recipe, out of time; empty for a rule.
    pub fn importances(&self, recipe: usize) -> Result<Vec<Importance>> {
        let recipe = &self.recipes[recipe];
        if recipe.rule().is_some() {
            return Ok(Vec::new());
        }
        let set = |(at, fold): (usize, &Fold)| {
            let (x, y) = (self.data.matrix.select(&fold.test), self.data.truth(&fold.test));
            Ok(ValidationSet { model: self.of(recipe, at)?, x, y })
        };
        let sets = self.folds.iter().enumerate().map(set).collect::<Result<Vec<_>>>()?;
        learn::permutation_importance(sets, self.seed)
    }
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
        let entities = data.entities_of(&rows);
        let scored = Scored::new(&data.truth(&rows), &predicted)?;
        let intervals = scored.intervals(&Metric::ALL, &entities, DRAWS, seed)?;
        lines.extend(Metric::ALL.into_iter().zip(intervals).map(|(metric, interval)| Measured {
            candidate: name.to_owned(),
            snapshot: fold.snapshot,
            snapshots: fold.snapshots,
            slice: slice.clone(),
            metric: metric.name(),
            value: scored.metric(metric),
            interval,
            rows: rows.len(),
            entities: entities.iter().collect::<BTreeSet<_>>().len(),
            base_rate: scored.metric(Metric::BaseRate),
        }));
    }
    Ok(lines)
}
