//! Rows with a probability and what came true, sorted once for all metrics.

use super::metric::{self, Group, Metric};
use anyhow::{Result, ensure};

/// Scored rows with known labels, of one snapshot.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Rows in descending order of score; within one score in their own order.
    pub order: Vec<u32>,
    /// Ends of the runs of one score in `order`.
    ends: Vec<u32>,
    y: Vec<bool>,
    scores: Vec<f64>,
    log_losses: Vec<f64>,
}

impl Scored {
    /// Takes labels and their probabilities, of one length.
    pub fn new(y: &[bool], scores: &[f64]) -> Result<Self> {
        ensure!(y.len() == scores.len(), "{} labels, but {} scores", y.len(), scores.len());
        let outside = scores.iter().find(|score| !(0.0..=1.0).contains(*score));
        ensure!(outside.is_none(), "a score is {}, not a probability", outside.copied().unwrap_or_default());
        let mut order: Vec<u32> = (0..u32::try_from(y.len())?).collect();
        // Adding 0 turns -0 into 0, which is the same score.
        order.sort_by(|&left, &right| {
            (scores[right as usize] + 0.0).total_cmp(&(scores[left as usize] + 0.0))
        });
        let different = |&end: &u32| {
            let end = end as usize;
            end == order.len() || scores[order[end - 1] as usize] > scores[order[end] as usize]
        };
        let ends = (1..=u32::try_from(y.len())?).filter(different).collect();
        let loss = |(&label, &score): (&bool, &f64)| {
            let chance = if label { score } else { 1.0 - score };
            -chance.clamp(1e-15, 1.0 - 1e-15).ln()
        };
        let log_losses = y.iter().zip(scores).map(loss).collect();
        Ok(Self { order, ends, y: y.to_vec(), scores: scores.to_vec(), log_losses })
    }

    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// The metric; `None` where it has no meaning: no rows, or for the metrics of order only one label.
    pub fn metric(&self, metric: Metric) -> Option<f64> {
        self.weighted(metric, &vec![1.0; self.rows()])
    }

    /// The metric with each row counting `weights[row]` times.
    pub fn weighted(&self, metric: Metric, weights: &[f64]) -> Option<f64> {
        self.of_groups(metric, weights, &self.groups(weights))
    }

    /// As [`weighted`](Self::weighted), with the groups of these weights: they serve several metrics.
    pub fn of_groups(&self, metric: Metric, weights: &[f64], groups: &[Group]) -> Option<f64> {
        match metric {
            Metric::RocAuc => metric::roc_auc(groups),
            Metric::PrAuc => metric::pr_auc(groups),
            Metric::Ks => metric::ks(groups),
            Metric::TopDecileLift => metric::top_decile_lift(groups),
            Metric::LogLoss => mean(weights, |row| self.log_losses[row]),
            Metric::Brier => mean(weights, |row| (self.scores[row] - self.label(row)).powi(2)),
            Metric::BaseRate => mean(weights, |row| self.label(row)),
            Metric::MeanScore => mean(weights, |row| self.scores[row]),
        }
    }

    /// Positives and negatives of every run of one score, from the highest score to the lowest.
    pub fn groups(&self, weights: &[f64]) -> Vec<Group> {
        let mut start = 0;
        let group = |&end: &u32| {
            let mut group = Group { positives: 0.0, negatives: 0.0 };
            for &row in &self.order[start..end as usize] {
                let row = row as usize;
                let side = if self.y[row] { &mut group.positives } else { &mut group.negatives };
                *side += weights[row];
            }
            start = end as usize;
            group
        };
        self.ends.iter().map(group).collect()
    }

    /// Every run of one score with its score, from the highest to the lowest.
    pub fn runs(&self) -> impl Iterator<Item = (f64, Group)> {
        let first = std::iter::once(0).chain(self.ends.iter().copied());
        let score = |start: u32| self.scores[self.order[start as usize] as usize];
        first.zip(self.groups(&vec![1.0; self.rows()])).map(move |(start, group)| (score(start), group))
    }

    fn label(&self, row: usize) -> f64 {
        f64::from(u8::from(self.y[row]))
    }
}

fn mean(weights: &[f64], value: impl Fn(usize) -> f64) -> Option<f64> {
    let total: f64 = weights.iter().sum();
    let sum: f64 = weights.iter().enumerate().map(|(row, weight)| weight * value(row)).sum();
    (total > 0.0).then(|| sum / total)
}
