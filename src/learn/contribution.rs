//! Why a score: what each input adds to the mean of the list that the row stands in.

use anyhow::{Result, ensure};

use super::fitted::{Fitted, Learner};
use super::kmeans::Clustering;
use super::logistic::Logistic;
use super::matrix::Matrix;
use super::odds::{EDGE, log_odds};
use super::shap::shapley;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    LogOdds,
    Probability,
    /// What an analyst's rule gives.
    Rule,
    /// Squared, in units of the inputs.
    Distance,
}

/// One number a row and input. Base and contributions of a row add up to its score on `scale`.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    pub scale: Scale,
    /// What a row scores of whose inputs nothing is known: the mean of the list.
    pub base: f64,
    /// Whether they are the Shapley values themselves: those of a forest's probability are scaled to log-odds in a blend.
    pub is_exact: bool,
    pub width: usize,
    /// A row after the other.
    pub values: Vec<f64>,
}

impl Contributions {
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// The score of a row, on the scale.
    pub fn total(&self, row: usize) -> f64 {
        self.base + self.row(row).iter().sum::<f64>()
    }

    /// On the scale on which a blend takes the mean. Those of a probability p are multiplied by the slope of the log-odds
    /// between the base and p, so that they still add up: the rescale rule of `DeepLIFT` (Shrikumar et al., Learning
    /// important features through propagating activation differences, 2017). A blend bounds what a member says.
    fn into_log_odds(mut self) -> Self {
        let is_odds = self.scale == Scale::LogOdds;
        let (low, high) = if is_odds { (log_odds(0.0), log_odds(1.0)) } else { (EDGE, 1.0 - EDGE) };
        let (base, from) = (self.base, self.base.clamp(low, high));
        let mut is_bounded = base < low || base > high;
        for row in self.values.chunks_exact_mut(self.width) {
            let by: f64 = row.iter().sum();
            let within = by.clamp(low - base, high - base);
            is_bounded |= (within - by).abs() > 0.0;
            let moved = within - (from - base);
            let slope = match (is_odds, by == 0.0) {
                (true, true) => 1.0,
                (true, false) => moved / by,
                (false, true) => 1.0 / (from * (1.0 - from)),
                // The difference of two log-odds, also where they are nearly the same.
                (false, false) => ((moved / from).ln_1p() - (-moved / (1.0 - from)).ln_1p()) / by,
            };
            for value in row {
                *value *= slope;
            }
        }
        self.base = if is_odds { from } else { log_odds(from) };
        Self { scale: Scale::LogOdds, is_exact: is_odds && !is_bounded, ..self }
    }
}

impl Fitted {
    /// What moves each row of `x` from the mean of them all: for linear models and trees the Shapley values, on the scale
    /// on which the model adds up. Of a blend, the mean of its members'.
    pub fn contributions(&self, x: &Matrix) -> Result<Contributions> {
        self.check(x)?;
        let width = x.columns().len();
        let exact = |scale, (base, values)| Contributions { scale, base, is_exact: true, width, values };
        Ok(match self.learner() {
            Learner::Logistic(logistic) => exact(Scale::LogOdds, of_logistic(logistic, x)),
            Learner::Forest(trees) => {
                let (sum, mut values) = shapley(trees, x)?;
                let count = trees.0.len() as f64;
                for value in &mut values {
                    *value /= count;
                }
                exact(Scale::Probability, (sum / count, values))
            }
            Learner::Boosting(boosting) => {
                let (sum, values) = shapley(&boosting.trees, x)?;
                exact(Scale::LogOdds, (boosting.base + sum, values))
            }
            Learner::Blend(members) => {
                let mut blend = exact(Scale::LogOdds, (0.0, vec![0.0; x.rows() * width]));
                let count = members.len() as f64;
                for member in members {
                    let member = member.contributions(x)?.into_log_odds();
                    blend.base += member.base / count;
                    blend.is_exact &= member.is_exact;
                    blend.values.iter_mut().zip(member.values).for_each(|(sum, value)| *sum += value / count);
                }
                blend
            }
        })
    }
}

/// A linear model's inputs do not mix: each adds how far it is from its mean.
fn of_logistic(logistic: &Logistic, x: &Matrix) -> (f64, Vec<f64>) {
    let (width, rows) = (x.columns().len(), x.rows());
    let mut values = vec![0.0; rows * width];
    let mut base = logistic.intercept;
    for (at, term) in logistic.terms.iter().enumerate() {
        let column = x.column(at);
        let mean = column.iter().sum::<f64>() / rows.max(1) as f64;
        base += term.coefficient * (mean - term.mean) / term.sd;
        for (slot, value) in values.iter_mut().skip(at).step_by(width).zip(column) {
            *slot = term.coefficient * (value - mean) / term.sd;
        }
    }
    (base, values)
}

impl Clustering {
    /// Why a row is in its segment and not in the one whose centre is next: by how much each input is nearer to the one
    /// than to the other, squared. Together they are the difference between the two squared distances.
    pub fn contributions(&self, x: &Matrix) -> Result<Contributions> {
        let width = self.columns().len();
        ensure!(self.columns() == x.columns(), "the model was trained with other inputs");
        let mut values = Vec::with_capacity(x.rows() * width);
        for row in x.all_row_major().chunks_exact(width) {
            let [own, next] = self.nearest_two(row);
            let (own, next) = (&self.segments()[own].centre, &self.segments()[next].centre);
            let nearer =
                |((value, own), next): ((&f64, &f64), &f64)| (value - next).powi(2) - (value - own).powi(2);
            values.extend(row.iter().zip(own).zip(next).map(nearer));
        }
        Ok(Contributions { scale: Scale::Distance, base: 0.0, is_exact: true, width, values })
    }
}
