//! Intervals of metrics, by resampling whole entities.

use super::metric::Metric;
use super::random::Random;
use super::scored::Scored;
use crate::interrupt;
use anyhow::{Result, ensure};
use serde::Serialize;
use std::collections::HashMap;
use std::hash::Hash;

/// Bounds between which a metric lies with 95 % confidence: the 2.5 % and 97.5 % points of the draws.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Scored {
    /// An interval for each metric: the percentile bootstrap of clusters (Efron, Tibshirani, An introduction to the
    /// bootstrap, 1993, chapters 8 and 13). A draw takes as many entities as there are, with replacement, each with
    /// all its rows; `entities` names the entity of each row.
    ///
    /// `None` for a metric that has no meaning in half of the draws or more.
    pub fn intervals<E: Eq + Hash>(
        &self,
        metrics: &[Metric],
        entities: &[E],
        draws: usize,
        seed: u64,
    ) -> Result<Vec<Option<Interval>>> {
        ensure!(entities.len() == self.rows(), "{} rows, but {} entities", self.rows(), entities.len());
        bootstrap(entities, draws, seed, |weights| {
            let groups = self.groups(weights);
            metrics.iter().map(|&metric| self.of_groups(metric, weights, &groups)).collect()
        })
    }
}

/// How much better or worse one model is than another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Means over the folds.
    pub one: f64,
    pub other: f64,
    /// Of `one` less `other`.
    pub interval: Interval,
}

/// The difference of two models in a metric, its mean over folds. What is easy or hard about an entity does not count as
/// a difference, because a draw takes it as often for both models.
///
/// `None` where the metric has no meaning in a fold, or in half of the draws or more.
pub fn difference(
    metric: Metric,
    entities: &[Vec<&str>],
    one: &[Scored],
    other: &[Scored],
    draws: usize,
    seed: u64,
) -> Result<Option<Difference>> {
    let interval = interval_of_mean(entities, draws, seed, |at, weights| {
        Some(one.get(at)?.weighted(metric, weights)? - other.get(at)?.weighted(metric, weights)?)
    })?;
    let mean = |folds: &[Scored]| mean_of(folds.iter().map(|fold| fold.metric(metric)));
    let found = mean(one).zip(mean(other)).zip(interval);
    Ok(found.map(|((one, other), interval)| Difference { one, other, interval }))
}

/// An interval of the mean over folds of what `value` gives for a fold and the weights of its rows. A draw takes an entity
/// as often in all folds; `entities` names the entity of each row of each fold.
pub fn interval_of_mean(
    entities: &[Vec<&str>],
    draws: usize,
    seed: u64,
    value: impl Fn(usize, &[f64]) -> Option<f64>,
) -> Result<Option<Interval>> {
    let intervals = bootstrap(&entities.concat(), draws, seed, |mut weights| {
        let of_fold =
            |(at, rows): (usize, &Vec<&str>)| value(at, weights.split_off(..rows.len()).unwrap_or_default());
        vec![mean_of(entities.iter().enumerate().map(of_fold))]
    })?;
    Ok(intervals[0])
}

/// Intervals of all that `values` gives for the weights of rows, which belong to `entities`.
fn bootstrap<E: Eq + Hash>(
    entities: &[E],
    draws: usize,
    seed: u64,
    values: impl Fn(&[f64]) -> Vec<Option<f64>>,
) -> Result<Vec<Option<Interval>>> {
    let mut known: HashMap<&E, usize> = HashMap::with_capacity(entities.len());
    let mut code = |entity| {
        let next = known.len();
        *known.entry(entity).or_insert(next)
    };
    let codes: Vec<usize> = entities.iter().map(&mut code).collect();
    let count = known.len();
    let mut found = Vec::with_capacity(draws);
    for draw in 0..draws {
        interrupt::check()?;
        let mut random = Random::new(seed, draw as u64);
        let mut times = vec![0.0; count];
        for _ in 0..count {
            times[random.below(count)] += 1.0;
        }
        let weights: Vec<f64> = codes.iter().map(|&code| times[code]).collect();
        found.push(values(&weights));
    }
    let interval = |at: usize| {
        let mut values: Vec<f64> = found.iter().filter_map(|values| values[at]).collect();
        values.sort_unstable_by(f64::total_cmp);
        let has_meaning = values.len() * 2 > draws;
        has_meaning.then(|| Interval { low: quantile(&values, 0.025), high: quantile(&values, 0.975) })
    };
    Ok((0..found[0].len()).map(interval).collect())
}

/// Linear between neighbours (type 7 of Hyndman, Fan, Sample quantiles, 1996).
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of all values, not of a sample.
pub fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let mean = mean(values);
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt())
}

/// `None` where one has no value, since the others alone would flatter, and where there is none.
pub fn mean_of(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values = values.collect::<Option<Vec<f64>>>()?;
    (!values.is_empty()).then(|| mean(&values))
}
