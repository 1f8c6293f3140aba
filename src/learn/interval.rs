//! Intervals of metrics, by resampling whole entities.

use super::metric::Metric;
use super::random::Random;
use super::scored::Scored;
use crate::interrupt;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;

/// Bounds between which a metric lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The 2.5 % point of the draws.
    pub low: f64,
    /// The 97.5 % point of the draws.
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
        let (codes, count) = codes(entities);
        let mut values = vec![Vec::with_capacity(draws); metrics.len()];
        for draw in 0..draws {
            interrupt::check()?;
            let times = times(count, seed, draw);
            let weights: Vec<f64> = codes.iter().map(|&code| times[code]).collect();
            let groups = self.groups(&weights);
            for (values, &metric) in values.iter_mut().zip(metrics) {
                values.extend(self.of_groups(metric, &weights, &groups));
            }
        }
        Ok(values.into_iter().map(|values| percentiles(values, draws)).collect())
    }
}

/// The same rows by two models, at one fold.
pub struct Pair<'a> {
    pub one: Scored,
    pub other: Scored,
    /// Of each row.
    pub entities: Vec<&'a str>,
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

/// The difference of two models in a metric, its mean over `folds`. What is easy or hard about an entity does not count as
/// a difference, because a draw takes it as often for both models.
///
/// `None` where the metric has no meaning in a fold, or in half of the draws or more.
pub fn difference(metric: Metric, folds: &[Pair<'_>], draws: usize, seed: u64) -> Result<Option<Difference>> {
    if folds.is_empty() {
        return Ok(None);
    }
    let entities: Vec<&[&str]> = folds.iter().map(|fold| fold.entities.as_slice()).collect();
    let interval = interval_of_mean(&entities, draws, seed, |at, weights| {
        let Pair { one, other, .. } = &folds[at];
        Some(one.weighted(metric, weights)? - other.weighted(metric, weights)?)
    })?;
    let mean = |of: &dyn Fn(&Pair<'_>) -> Option<f64>| {
        let values = folds.iter().map(of).collect::<Option<Vec<f64>>>()?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    let (one, other) = (mean(&|fold| fold.one.metric(metric)), mean(&|fold| fold.other.metric(metric)));
    let found = one.zip(other).zip(interval);
    Ok(found.map(|((one, other), interval)| Difference { one, other, interval }))
}

/// An interval of the mean over folds of what `value` gives for a fold and the weights of its rows. A draw takes an entity
/// as often in all folds; `entities` names the entity of each row of each fold.
pub fn interval_of_mean(
    entities: &[&[&str]],
    draws: usize,
    seed: u64,
    value: impl Fn(usize, &[f64]) -> Option<f64>,
) -> Result<Option<Interval>> {
    let (codes, count) = codes(&entities.concat());
    let mut means = Vec::with_capacity(draws);
    for draw in 0..draws {
        interrupt::check()?;
        let times = times(count, seed, draw);
        let mut weights = codes.iter().map(|&code| times[code]);
        let of_fold = |(at, rows): (usize, &&[&str])| {
            let weights: Vec<f64> = weights.by_ref().take(rows.len()).collect();
            value(at, &weights)
        };
        let values = entities.iter().enumerate().map(of_fold).collect::<Option<Vec<f64>>>();
        means.extend(values.map(|values| values.iter().sum::<f64>() / values.len() as f64));
    }
    Ok(percentiles(means, draws))
}

/// How often each of so many entities is taken in a draw.
fn times(count: usize, seed: u64, draw: usize) -> Vec<f64> {
    let mut random = Random::new(seed, draw as u64);
    let mut times = vec![0.0; count];
    for _ in 0..count {
        times[random.below(count)] += 1.0;
    }
    times
}

/// Entities numbered in the order in which they first come.
fn codes<E: Eq + Hash>(entities: &[E]) -> (Vec<usize>, usize) {
    let mut known: HashMap<&E, usize> = HashMap::with_capacity(entities.len());
    let codes = entities
        .iter()
        .map(|entity| {
            let next = known.len();
            *known.entry(entity).or_insert(next)
        })
        .collect();
    (codes, known.len())
}

fn percentiles(mut values: Vec<f64>, draws: usize) -> Option<Interval> {
    if values.len() * 2 <= draws {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    Some(Interval { low: quantile(&values, 0.025), high: quantile(&values, 0.975) })
}

/// Linear between neighbours (type 7 of Hyndman, Fan, Sample quantiles, 1996).
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}
