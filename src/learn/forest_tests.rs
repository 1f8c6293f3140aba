//! Our trees against smartcore's own predictions, and the same forest for any number of threads.

use super::{Kind, SHARD, fit};
use crate::learn::algorithm::ForestSettings;
use crate::learn::matrix::Matrix;
use crate::learn::random::Random;
use crate::learn::sample;
use anyhow::Result;
use smartcore::ensemble::extra_trees_regressor::{ExtraTreesRegressor, ExtraTreesRegressorParameters};
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

fn settings() -> ForestSettings {
    ForestSettings {
        trees: SHARD,
        min_samples_leaf: 3,
        features_per_split: Some(3),
        subsample: 1.0,
        max_depth: Some(7),
    }
}

fn ours(kind: Kind, settings: &ForestSettings, x: &Matrix, y: &[bool]) -> Result<Vec<f64>> {
    let trees = fit(kind, settings, x, y, 11)?;
    let mut sums = vec![0.0; x.rows()];
    trees.add(&x.all_row_major(), x.columns().len(), &mut sums);
    Ok(sums.iter().map(|sum| sum / trees.len() as f64).collect())
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
        let (x, y) = sample::rows(400, 8, seed)?;
        let inputs = DenseMatrix::new(400, 8, x.all_row_major(), false)?;
        let labels: Vec<f64> = y.iter().map(|&label| f64::from(u8::from(label))).collect();
        let parameters = RandomForestRegressorParameters::default()
            .with_n_trees(SHARD)
            .with_min_samples_leaf(3)
            .with_m(3)
            .with_max_depth(8)
            .with_seed(first_seed(400));
        let theirs: Vec<f64> = RandomForestRegressor::fit(&inputs, &labels, parameters)?.predict(&inputs)?;
        assert!(largest_difference(&ours(Kind::Random, &settings(), &x, &y)?, &theirs) < 1e-12);
        let parameters = ExtraTreesRegressorParameters::default()
            .with_n_trees(SHARD)
            .with_min_samples_leaf(3)
            .with_m(3)
            .with_max_depth(8)
            .with_seed(first_seed(400));
        let theirs: Vec<f64> = ExtraTreesRegressor::fit(&inputs, &labels, parameters)?.predict(&inputs)?;
        assert!(largest_difference(&ours(Kind::Extra, &settings(), &x, &y)?, &theirs) < 1e-12);
    }
    Ok(())
}

#[test]
fn the_number_of_threads_changes_nothing() -> Result<()> {
    let (x, y) = sample::rows(300, 6, 1)?;
    let settings = ForestSettings { trees: 45, min_samples_leaf: 5, features_per_split: None, ..settings() };
    for kind in [Kind::Random, Kind::Extra] {
        let with = |threads| -> Result<_> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            pool.install(|| fit(kind, &settings, &x, &y, 5))
        };
        let one = with(1)?;
        assert_eq!(one.len(), 45);
        assert_eq!(one, with(4)?);
        assert_ne!(one, fit(kind, &settings, &x, &y, 6)?);
    }
    Ok(())
}

#[test]
fn more_columns_than_there_are_is_an_error() -> Result<()> {
    let (x, y) = sample::rows(50, 4, 1)?;
    let settings = ForestSettings { features_per_split: Some(5), ..settings() };
    let error = fit(Kind::Random, &settings, &x, &y, 1).map_err(|error| error.to_string());
    assert_eq!(error, Err("`features_per_split` is 5, but the model has 4 inputs".into()));
    Ok(())
}
