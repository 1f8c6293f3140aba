//! Logistic regression on standardised inputs, by Newton's method: with a penalty the log loss has one minimum, a few dozen
//! inputs make a small matrix of second derivatives, and six to ten steps reach it to the last digits. (smartcore's descent
//! by gradients took two thirds of the training of 90,000 rows.)

use super::algorithm::LogisticSettings;
use super::interval::mean_and_sd;
use super::matrix::Matrix;
use super::odds::probability;
use crate::interrupt;
use anyhow::{Result, anyhow};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The gradient of the mean penalised log loss has to be below this in every direction.
const CONVERGED: f64 = 1e-10;
const MOST_STEPS: usize = 100;
/// A column whose curvature is less than this part of itself beside the others is a combination of them.
const FLAT: f64 = 1e-12;
/// Parts of a step that are tried.
const SHORTEST: f64 = 1e-10;
/// Rows that are summed up together: the same parts whatever the number of threads, so that sums are the same as well.
const PART: usize = 4096;

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
        let (mean, sd) = mean_and_sd(values);
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
        let mut coefficients = newton(&values, width, y, settings.alpha)?.ok_or_else(|| {
            anyhow!("logistic regression did not converge with alpha {}: a larger one helps", settings.alpha)
        })?;
        let intercept = coefficients.pop().unwrap_or_default();
        for (term, coefficient) in terms.iter_mut().zip(coefficients) {
            term.coefficient = coefficient;
        }
        Ok(Self { intercept, terms })
    }

    /// Whether it scores rows of `width` numbers.
    pub fn is_sound(&self, width: usize) -> bool {
        let is_sound = |term: &Term| term.mean.is_finite() && term.sd > 0.0 && term.coefficient.is_finite();
        self.intercept.is_finite() && self.terms.len() == width && self.terms.iter().all(is_sound)
    }

    pub fn score(&self, row: &[f64]) -> f64 {
        let linear: f64 =
            self.terms.iter().zip(row).map(|(term, &value)| term.coefficient * term.standardise(value)).sum();
        probability(self.intercept + linear)
    }
}

/// The penalised log loss at some coefficients, the intercept last, with its first and second derivatives.
struct Loss {
    value: f64,
    gradient: Vec<f64>,
    /// A row below the other, the lower half.
    curvature: Vec<f64>,
}

impl Loss {
    /// Of `values`, rows of `width` numbers one after another.
    fn at(coefficients: &[f64], values: &[f64], width: usize, y: &[bool], alpha: f64) -> Self {
        let parts: Vec<Self> = values
            .par_chunks(PART * width)
            .zip(y.par_chunks(PART))
            .map(|(rows, labels)| Self::of_part(coefficients, rows, width, labels))
            .collect();
        let size = width + 1;
        let mut all = Self { value: 0.0, gradient: vec![0.0; size], curvature: vec![0.0; size * size] };
        for part in parts {
            all.value += part.value;
            all.gradient.iter_mut().zip(part.gradient).for_each(|(sum, other)| *sum += other);
            all.curvature.iter_mut().zip(part.curvature).for_each(|(sum, other)| *sum += other);
        }
        for (column, coefficient) in coefficients.iter().take(width).enumerate() {
            all.value += alpha / 2.0 * coefficient.powi(2);
            all.gradient[column] += alpha * coefficient;
            all.curvature[column * size + column] += alpha;
        }
        all
    }

    fn of_part(coefficients: &[f64], rows: &[f64], width: usize, labels: &[bool]) -> Self {
        let size = width + 1;
        let mut part = Self { value: 0.0, gradient: vec![0.0; size], curvature: vec![0.0; size * size] };
        let mut row = vec![1.0; size];
        for (values, &label) in rows.chunks_exact(width).zip(labels) {
            row[..width].copy_from_slice(values);
            let score: f64 = row.iter().zip(coefficients).map(|(value, weight)| value * weight).sum();
            let p = probability(score);
            // ln(1 + e^z) - y z, without overflow.
            let truth = f64::from(u8::from(label));
            part.value += score.max(0.0) + (-score.abs()).exp().ln_1p() - truth * score;
            let (residual, weight) = (p - truth, p * (1.0 - p));
            for (at, &value) in row.iter().enumerate() {
                part.gradient[at] += residual * value;
                let scaled = weight * value;
                let line = &mut part.curvature[at * size..=at * size + at];
                for (sum, other) in line.iter_mut().zip(&row) {
                    *sum += scaled * other;
                }
            }
        }
        part
    }

    /// The step towards the minimum of the parabola that touches here: curvature x step = gradient, by Cholesky.
    fn step(&self) -> Vec<f64> {
        let size = self.gradient.len();
        let mut lower = self.curvature.clone();
        for row in 0..size {
            for column in 0..=row {
                let before: f64 =
                    (0..column).map(|at| lower[row * size + at] * lower[column * size + at]).sum();
                let rest = lower[row * size + column] - before;
                lower[row * size + column] = if row == column {
                    // A column that says nothing, or nothing new, goes nowhere.
                    if rest > FLAT * self.curvature[row * size + row] { rest.sqrt() } else { f64::INFINITY }
                } else {
                    rest / lower[column * size + column]
                };
            }
        }
        let mut step = self.gradient.clone();
        for row in 0..size {
            let before: f64 = (0..row).map(|at| lower[row * size + at] * step[at]).sum();
            step[row] = (step[row] - before) / lower[row * size + row];
        }
        for row in (0..size).rev() {
            let behind: f64 = (row + 1..size).map(|at| lower[at * size + row] * step[at]).sum();
            step[row] = (step[row] - behind) / lower[row * size + row];
        }
        step
    }
}

/// The coefficients at the minimum, the intercept last; `None` where there is none, or it is not found.
fn newton(values: &[f64], width: usize, y: &[bool], alpha: f64) -> Result<Option<Vec<f64>>> {
    let mut coefficients = vec![0.0; width + 1];
    let mut loss = Loss::at(&coefficients, values, width, y, alpha);
    for _ in 0..MOST_STEPS {
        interrupt::check()?;
        let largest = loss.gradient.iter().fold(0.0, |most: f64, part| most.max(part.abs()));
        if largest < CONVERGED * y.len() as f64 {
            return Ok(Some(coefficients));
        }
        let step = loss.step();
        let mut length = 1.0;
        // A whole step may go too far where labels are nearly told apart; what is as low as rounding tells is low enough.
        let most = loss.value * (1.0 + 64.0 * f64::EPSILON);
        loop {
            let next: Vec<f64> =
                coefficients.iter().zip(&step).map(|(from, step)| from - length * step).collect();
            let there = Loss::at(&next, values, width, y, alpha);
            if there.value <= most {
                (coefficients, loss) = (next, there);
                break;
            }
            length /= 2.0;
            if length < SHORTEST {
                return Ok(None);
            }
        }
    }
    Ok(None)
}
