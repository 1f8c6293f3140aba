//! Rolling out-of-time validation: each snapshot is scored by models that saw only what was known at its date.

use anyhow::Result;
use chrono::NaiveDate;
use rayon::prelude::*;

use super::{Pulled, Recipe};
use crate::build::Model;
use crate::learn::{self, Algorithm, Interval, Metric, Scored};

/// Resamples behind each interval.
const DRAWS: usize = 200;

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

    pub fn interval(&self, metric: Metric) -> Option<Interval> {
        self.metrics.iter().find(|(other, _, _)| *other == metric).and_then(|(_, _, interval)| *interval)
    }
}

/// The mean of a metric over all snapshots of a candidate.
pub fn mean(outcomes: &[Outcome], candidate: &str, metric: Metric) -> Option<f64> {
    let values: Option<Vec<f64>> =
        outcomes.iter().filter(|outcome| outcome.candidate == candidate).map(|outcome| outcome.value(metric)).collect();
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
        rows.iter().any(|&row| pulled.labels[row] == Some(true)) && rows.iter().any(|&row| pulled.labels[row] == Some(false))
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

/// Every recipe at every fold. Algorithms that several recipes share are fitted once.
///
/// # Errors
/// When an algorithm cannot be fitted.
pub fn run(pulled: &Pulled, folds: &[Fold], recipes: &[Recipe], model: &Model) -> Result<Vec<Outcome>> {
    let mut algorithms: Vec<&Algorithm> = Vec::new();
    for part in recipes.iter().flat_map(|recipe| &recipe.parts).filter(|part| part.is_learned()) {
        if !algorithms.contains(&part) {
            algorithms.push(part);
        }
    }
    let per_fold: Vec<Result<Vec<Outcome>>> =
        folds.par_iter().map(|fold| run_fold(pulled, fold, recipes, &algorithms, model)).collect();
    let mut outcomes: Vec<Outcome> = per_fold.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    let position = |name: &str| recipes.iter().position(|recipe| recipe.name == name);
    outcomes.sort_by_key(|outcome| (position(&outcome.candidate), outcome.snapshot));
    Ok(outcomes)
}

fn run_fold(
    pulled: &Pulled,
    fold: &Fold,
    recipes: &[Recipe],
    algorithms: &[&Algorithm],
    model: &Model,
) -> Result<Vec<Outcome>> {
    let x = pulled.matrix.select(&fold.train);
    let y: Vec<bool> = fold.train.iter().map(|&row| pulled.labels[row] == Some(true)).collect();
    let test = pulled.matrix.select(&fold.test);
    let scores = algorithms
        .par_iter()
        .map(|algorithm| learn::fit(algorithm, &x, &y, model.spec.seed)?.predict(&test))
        .collect::<Result<Vec<Vec<f64>>>>()?;
    let of = |part: &Algorithm| algorithms.iter().position(|other| *other == part).map(|at| scores[at].as_slice());
    let mut outcomes = Vec::new();
    for recipe in recipes {
        let predicted = if recipe.rule().is_some() {
            let Some(rule) = pulled.rules.get(&recipe.name) else { continue };
            fold.test.iter().map(|&row| rule[row]).collect()
        } else {
            let parts: Vec<&[f64]> = recipe.parts.iter().filter_map(of).collect();
            if parts.len() == 1 { parts[0].to_vec() } else { learn::blend(&parts)? }
        };
        outcomes.push(measure(pulled, fold, &recipe.name, &predicted, model)?);
    }
    Ok(outcomes)
}

fn measure(pulled: &Pulled, fold: &Fold, name: &str, predicted: &[f64], model: &Model) -> Result<Outcome> {
    let labels: Vec<bool> = fold.test.iter().map(|&row| pulled.labels[row] == Some(true)).collect();
    let entities: Vec<&str> = fold.test.iter().map(|&row| pulled.entities[row].as_str()).collect();
    let scored = Scored::new(&labels, predicted)?;
    let intervals = scored.intervals(&Metric::ALL, &entities, DRAWS, model.spec.seed)?;
    let metrics = Metric::ALL.into_iter().zip(intervals).map(|(metric, interval)| (metric, scored.metric(metric), interval));
    Ok(Outcome {
        candidate: name.to_owned(),
        snapshot: fold.snapshot,
        rows: labels.len(),
        base_rate: scored.metric(Metric::BaseRate).unwrap_or_default(),
        metrics: metrics.collect(),
    })
}
