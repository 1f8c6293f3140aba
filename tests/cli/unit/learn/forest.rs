//! Our trees against smartcore's own predictions, and the same forest for any number of threads.

use super::sample;
use anyhow::Result;
use olist::learn::{Algorithm, ForestSettings, Random, fit};
use smartcore::ensemble::extra_trees_regressor::{ExtraTreesRegressor, ExtraTreesRegressorParameters};
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

/// Trees that smartcore grows from one seed.
const SHARD: usize = 20;

fn settings() -> ForestSettings {
    ForestSettings {
        trees: SHARD,
        min_samples_leaf: 3,
        features_per_split: Some(3),
        subsample: 1.0,
        max_depth: Some(7),
    }
}

/// The seed that the first shard hands to smartcore: its generator has drawn the sample of rows before.
fn first_seed(rows: usize) -> u64 {
    let mut random = Random::new(11, 0);
    random.sample(rows, rows);
    random.next_u64()
}

fn largest_difference(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).fold(0.0, |largest: f64, (left, right)| largest.max((left - right).abs()))
}

#[test]
fn predictions_are_those_of_smartcore() -> Result<()> {
    for seed in 0..5 {
        let (x, y) = sample::rows(400, 8, seed);
        let inputs = DenseMatrix::new(400, 8, x.row_major(&(0..400).collect::<Vec<_>>()), false)?;
        let labels: Vec<f64> = y.iter().map(|&label| f64::from(u8::from(label))).collect();
        let parameters = RandomForestRegressorParameters::default()
            .with_n_trees(SHARD)
            .with_min_samples_leaf(3)
            .with_m(3)
            .with_max_depth(8)
            .with_seed(first_seed(400));
        let theirs: Vec<f64> = RandomForestRegressor::fit(&inputs, &labels, parameters)?.predict(&inputs)?;
        let ours = fit(&Algorithm::RandomForest(settings()), &x, &y, 11)?.predict(&x)?;
        assert!(largest_difference(&ours, &theirs) < 1e-12);
        let parameters = ExtraTreesRegressorParameters::default()
            .with_n_trees(SHARD)
            .with_min_samples_leaf(3)
            .with_m(3)
            .with_max_depth(8)
            .with_seed(first_seed(400));
        let theirs: Vec<f64> = ExtraTreesRegressor::fit(&inputs, &labels, parameters)?.predict(&inputs)?;
        let ours = fit(&Algorithm::ExtraTrees(settings()), &x, &y, 11)?.predict(&x)?;
        assert!(largest_difference(&ours, &theirs) < 1e-12);
    }
    Ok(())
}

#[test]
fn the_number_of_threads_changes_nothing() -> Result<()> {
    let (x, y) = sample::rows(300, 6, 1);
    let settings = ForestSettings { trees: 45, min_samples_leaf: 5, features_per_split: None, ..settings() };
    sample::is_the_same_for_any_number_of_threads(&Algorithm::RandomForest(settings.clone()), &x, &y)?;
    sample::is_the_same_for_any_number_of_threads(&Algorithm::ExtraTrees(settings), &x, &y)
}
