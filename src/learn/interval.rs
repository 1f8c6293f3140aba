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
        let mut weights = vec![0.0; self.rows()];
        for draw in 0..draws {
            interrupt::check()?;
            let mut random = Random::new(seed, draw as u64);
            let mut times = vec![0.0; count];
            for _ in 0..count {
                times[random.below(count)] += 1.0;
            }
            for (weight, &code) in weights.iter_mut().zip(&codes) {
                *weight = times[code];
            }
            let groups = self.groups(&weights);
            for (values, &metric) in values.iter_mut().zip(metrics) {
                values.extend(self.of_groups(metric, &weights, &groups));
            }
        }
        Ok(values.into_iter().map(|values| percentiles(values, draws)).collect())
    }
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
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::{Interval, Metric, Scored, quantile};
    use anyhow::Result;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert!((quantile(&sorted, 0.025) - 1.1).abs() < 1e-12);
        assert!((quantile(&sorted, 0.975) - 4.9).abs() < 1e-12);
        assert!((quantile(&[7.0], 0.3) - 7.0).abs() < 1e-12);
    }

    #[test]
    fn an_interval_of_a_share_is_as_wide_as_theory_says() -> Result<()> {
        // 400 entities of one row, a fifth positive: the standard error of the share is 0.02.
        let y: Vec<bool> = (0..400).map(|i| i % 5 == 0).collect();
        let entities: Vec<usize> = (0..400).collect();
        let scored = Scored::new(&y, &[0.5; 400])?;
        let intervals = scored.intervals(&[Metric::BaseRate, Metric::RocAuc], &entities, 1000, 1)?;
        let rate = intervals[0].unwrap_or(Interval { low: 0.0, high: 0.0 });
        assert!((rate.low - 0.1608).abs() < 0.006 && (rate.high - 0.2392).abs() < 0.006, "{rate:?}");
        assert_eq!(intervals[1], Some(Interval { low: 0.5, high: 0.5 }));
        assert_eq!(intervals, scored.intervals(&[Metric::BaseRate, Metric::RocAuc], &entities, 1000, 1)?);
        Ok(())
    }

    #[test]
    fn rows_of_one_entity_are_drawn_together() -> Result<()> {
        // 20 entities whose 50 rows agree: as uncertain as 20 rows, not as 1000.
        let y: Vec<bool> = (0..1000).map(|i| i / 50 % 2 == 0).collect();
        let entities: Vec<String> = (0..1000).map(|i| format!("s{}", i / 50)).collect();
        let intervals = Scored::new(&y, &[0.5; 1000])?.intervals(&[Metric::BaseRate], &entities, 400, 1)?;
        assert!(intervals[0].is_some_and(|i| i.low < 0.35 && i.high > 0.65), "{intervals:?}");
        Ok(())
    }

    #[test]
    fn a_metric_without_meaning_has_no_interval() -> Result<()> {
        let scored = Scored::new(&[true, true], &[0.1, 0.2])?;
        assert_eq!(scored.intervals(&[Metric::RocAuc], &[1, 2], 50, 1)?, [None]);
        assert_eq!(Scored::new(&[], &[])?.intervals::<u8>(&[Metric::Brier], &[], 50, 1)?, [None]);
        assert!(scored.intervals(&[Metric::RocAuc], &[1], 50, 1).is_err());
        Ok(())
    }
}
