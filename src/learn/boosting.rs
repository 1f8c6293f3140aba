//! Gradient boosting for probabilities: the log-likelihood, Newton steps, and smartcore's regression trees.
//!
//! This is `LogitBoost` (Friedman, Hastie, Tibshirani, Additive logistic regression, 2000, algorithm 3) with trees on
//! samples of rows and columns (Friedman, Stochastic gradient boosting, 2002). With p the probability so far, a
//! tree is fitted to `(y - p) / w` with weights `w = p (1 - p)`; the weighted mean in a leaf is then
//! `sum(y - p) / sum(p (1 - p))`, the Newton step, and the split that smartcore finds best is the one with the
//! largest gain in the second-order expansion of the log-likelihood.

use super::algorithm::BoostingSettings;
use super::bins::Bins;
use super::extract;
use super::forest::sample_size;
use super::matrix::Matrix;
use super::odds::{log_odds, probability};
use super::random::Random;
use super::tree::{Tree, Trees};
use crate::interrupt;
use anyhow::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::tree::decision_tree_regressor::{DecisionTreeRegressor, DecisionTreeRegressorParameters};

/// Where p is nearly 0 or 1, `p (1 - p)` is kept above this, so that targets stay finite.
const LEAST_WEIGHT: f64 = 1e-6;
/// The longest Newton step on the log-odds scale; pure leaves would ask for very long ones.
const LONGEST_STEP: f64 = 4.0;
/// Rows that a thread takes down a tree.
const BLOCK: usize = 8192;

/// Log-odds of the base rate, and trees whose values are added to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boosting {
    pub base: f64,
    pub trees: Trees,
}

impl Boosting {
    pub fn fit(settings: &BoostingSettings, x: &Matrix, y: &[bool], seed: u64) -> Result<Self> {
        let width = x.columns().len();
        let features = settings.features_per_tree.unwrap_or_else(|| width.div_ceil(4).max(4).min(width));
        let bins = Bins::new(x);
        let base = log_odds(y.iter().filter(|&&label| label).count() as f64 / y.len() as f64);
        let codes = bins.row_major();
        let mut scores = vec![base; y.len()];
        let mut trees = Vec::with_capacity(settings.trees);
        for stage in 0..settings.trees {
            interrupt::check()?;
            let mut random = Random::new(seed, stage as u64);
            let rows = random.sample(y.len(), sample_size(settings.subsample, y.len()));
            let columns = random.sample(width, features);
            let tree = step(settings, &bins, &rows, &columns, &scores, y)?;
            let blocks = scores.par_chunks_mut(BLOCK).zip(codes.par_chunks(BLOCK * width));
            blocks.for_each(|(scores, codes)| tree.add(codes, width, scores));
            trees.push(tree.with_thresholds(|column, code| bins.threshold(column, code)));
        }
        Ok(Self { base, trees: Trees(trees) })
    }
}

/// One stage: a tree of Newton steps, shortened by the learning rate, that asks for codes.
fn step(
    settings: &BoostingSettings,
    bins: &Bins,
    rows: &[usize],
    columns: &[usize],
    scores: &[f64],
    y: &[bool],
) -> Result<Tree> {
    let codes = columns.iter().flat_map(|&column| {
        let codes = bins.codes(column);
        rows.iter().map(|&row| codes[row])
    });
    let inputs = DenseMatrix::new(rows.len(), columns.len(), codes.collect(), true)?;
    let (targets, weights): (Vec<f64>, Vec<f64>) =
        rows.iter().map(|&row| newton(scores[row], y[row])).unzip();
    let parameters = DecisionTreeRegressorParameters {
        // smartcore counts the root as a level, we count questions.
        max_depth: Some(settings.max_depth + 1),
        min_samples_leaf: settings.min_samples_leaf,
        seed: Some(0),
        ..DecisionTreeRegressorParameters::default()
    };
    let model = DecisionTreeRegressor::fit_with_weights(&inputs, &targets, &weights, parameters)?;
    let mut grown = extract::trees(&model)?;
    for node in &mut grown[0] {
        node.output = node.output.clamp(-LONGEST_STEP, LONGEST_STEP) * settings.learning_rate;
        node.split_feature = columns[node.split_feature];
    }
    Tree::new(&grown[0])
}

/// Target and weight of a row in the working least-squares problem.
fn newton(score: f64, label: bool) -> (f64, f64) {
    let p = probability(score);
    let weight = (p * (1.0 - p)).max(LEAST_WEIGHT);
    ((f64::from(u8::from(label)) - p) / weight, weight)
}
