//! Logistic regression: smartcore's, on standardised inputs.

use super::algorithm::LogisticSettings;
use super::matrix::Matrix;
use super::odds::probability;
use anyhow::{Result, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

/// The gradient of the mean penalised log loss has to be below this in every direction.
const CONVERGED: f64 = 1e-4;

/// `log-odds = intercept + sum(coefficient * (value - mean) / sd)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    pub intercept: f64,
    pub terms: Vec<Term>,
}

/// One input: how it is standardised (mean and population standard deviation of the training rows), and its weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Term {
    pub mean: f64,
    pub sd: f64,
    pub coefficient: f64,
}

impl Term {
    /// A column that is constant up to rounding has 0 everywhere, and its coefficient stays 0.
    fn standardising(values: &[f64]) -> Self {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        let sd = variance.sqrt();
        let constant = sd <= 1e-12 * mean.abs().max(1e-300);
        Self { mean, sd: if constant { f64::INFINITY } else { sd }, coefficient: 0.0 }
    }

    fn standardise(&self, value: f64) -> f64 {
        (value - self.mean) / self.sd
    }
}

impl Logistic {
    /// Minimises the summed log loss plus `alpha / 2 * |coefficients|^2`; the intercept is not penalised.
    pub fn fit(settings: &LogisticSettings, x: &Matrix, y: &[bool]) -> Result<Self> {
        let width = x.columns().len();
        let mut terms: Vec<Term> =
            (0..width).into_par_iter().map(|column| Term::standardising(x.column(column))).collect();
        let mut values = x.all_row_major();
        for row in values.chunks_exact_mut(width) {
            for (value, term) in row.iter_mut().zip(&terms) {
                *value = term.standardise(*value);
            }
        }
        let labels: Vec<i32> = y.iter().map(|&label| i32::from(label)).collect();
        let inputs = DenseMatrix::new(x.rows(), width, values, false)?;
        let parameters = LogisticRegressionParameters::default().with_alpha(settings.alpha);
        let model = LogisticRegression::fit(&inputs, &labels, parameters)?;
        for (column, term) in terms.iter_mut().enumerate() {
            term.coefficient = *model.coefficients().get((0, column));
        }
        let fitted = Self { intercept: *model.intercept().get((0, 0)), terms };
        let gradient = fitted.gradient(settings.alpha, &inputs, y);
        ensure!(
            gradient < CONVERGED,
            "logistic regression did not converge with alpha {}: a larger one helps",
            settings.alpha
        );
        Ok(fitted)
    }

    /// The largest part of the gradient at the fitted coefficients, a row.
    fn gradient(&self, alpha: f64, inputs: &DenseMatrix<f64>, y: &[bool]) -> f64 {
        let width = self.terms.len();
        let mut gradient: Vec<f64> = self.terms.iter().map(|term| alpha * term.coefficient).collect();
        gradient.push(0.0);
        for (row, &label) in y.iter().enumerate() {
            let value = |column| *inputs.get((row, column));
            let linear: f64 =
                self.terms.iter().enumerate().map(|(column, term)| term.coefficient * value(column)).sum();
            let residual = probability(self.intercept + linear) - f64::from(u8::from(label));
            for (column, part) in gradient.iter_mut().take(width).enumerate() {
                *part += residual * value(column);
            }
            gradient[width] += residual;
        }
        gradient.iter().fold(0.0, |largest: f64, part| largest.max(part.abs())) / y.len() as f64
    }

    /// Whether it scores rows of `width` numbers.
    pub fn is_sound(&self, width: usize) -> bool {
        let is_sound = |term: &Term| term.mean.is_finite() && term.sd > 0.0 && term.coefficient.is_finite();
        self.intercept.is_finite() && self.terms.len() == width && self.terms.iter().all(is_sound)
    }

    /// Probability of a row of inputs.
    pub fn score(&self, row: &[f64]) -> f64 {
        let linear: f64 =
            self.terms.iter().zip(row).map(|(term, &value)| term.coefficient * term.standardise(value)).sum();
        probability(self.intercept + linear)
    }
}
