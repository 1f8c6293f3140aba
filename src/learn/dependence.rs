//! In which direction a model leans on an input: its mean prediction where that input has one value in all rows.

use super::fitted::Fitted;
use super::interval::{mean, quantile};
use super::matrix::Matrix;
use super::random::Random;
use crate::interrupt;
use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

/// Rows behind a mean, at most.
const ROWS: usize = 1000;
/// Where in the distribution of an input the values are taken.
const PLACES: [f64; 9] = [0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95];

/// A point of a curve of partial dependence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dependence {
    pub input: String,
    /// What the input is set to.
    pub value: f64,
    /// The mean probability of the rows then.
    pub mean_score: f64,
}

/// Partial dependence (Friedman, Greedy function approximation, 2001, section 8.2) on `inputs`, at the quantiles of each.
/// Of more than 1000 rows of `x`, 1000 are drawn. Values that only come together with others are tried without them.
pub fn partial_dependence(model: &Fitted, x: &Matrix, inputs: &[&str], seed: u64) -> Result<Vec<Dependence>> {
    let rows = x.select(&Random::new(seed, u64::MAX).sample(x.rows(), ROWS));
    let columns: Vec<usize> =
        inputs.iter().filter_map(|input| x.columns().iter().position(|column| column == input)).collect();
    let of_column = |&column: &usize| {
        interrupt::check()?;
        let mut sorted = x.column(column).to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut values = PLACES.map(|place| quantile(&sorted, place)).to_vec();
        values.dedup();
        let point = |value: f64| {
            let scores = model.predict(&rows.with(column, vec![value; rows.rows()]))?;
            Ok(Dependence { input: x.columns()[column].clone(), value, mean_score: mean(&scores) })
        };
        values.into_iter().map(point).collect::<Result<Vec<_>>>()
    };
    let points = columns.par_iter().map(of_column).collect::<Result<Vec<_>>>()?;
    Ok(points.into_iter().flatten().collect())
}
