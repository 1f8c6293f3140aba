//! Random forests and extra trees: smartcore's regressors on 0/1 labels, whose leaves are shares of positives.
//!
//! Trees are grown in shards of a fixed size, each with its own seed and sample of rows, so that the same seed gives
//! the same forest whatever the number of threads.

use super::algorithm::ForestSettings;
use super::extract;
use super::matrix::Matrix;
use super::random::Random;
use super::tree::{Tree, Trees};
use crate::interrupt;
use anyhow::Result;
use rayon::prelude::*;
use smartcore::ensemble::extra_trees_regressor::{ExtraTreesRegressor, ExtraTreesRegressorParameters};
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

/// Trees a shard: smartcore sorts every column once a shard, which is a tenth of the work at this size.
const SHARD: usize = 20;
/// Most rows that a shard sees: beyond it trees get slow and not better, and other shards see other rows.
const MOST_ROWS: usize = 20_000;

/// How trees choose among the splits of a column.
#[derive(Debug, Clone, Copy)]
pub enum Splits {
    /// The best one: a random forest.
    Best,
    /// A random one: extra trees.
    Random,
}

/// Grows a forest; the mean of its trees' values is the probability.
pub fn fit(splits: Splits, settings: &ForestSettings, x: &Matrix, y: &[bool], seed: u64) -> Result<Trees> {
    let width = x.columns().len();
    let features = settings.features_per_split.unwrap_or(match splits {
        Splits::Best => width.isqrt(),
        Splits::Random => width.div_ceil(3),
    });
    // smartcore counts the root as a level, we count questions.
    let max_depth = settings.max_depth.map(|depth| depth.saturating_add(1));
    let (m, min_samples_leaf) = (Some(features), settings.min_samples_leaf);
    let shard = |shard: usize| {
        interrupt::check()?;
        let n_trees = SHARD.min(settings.trees - shard * SHARD);
        let mut random = Random::new(seed, shard as u64);
        let rows = random.sample(x.rows(), sample_size(settings.subsample, x.rows()));
        let seed = random.next_u64();
        // Rows and not columns together, because smartcore walks a matrix of this kind a third faster.
        let inputs = DenseMatrix::new(rows.len(), width, x.row_major(&rows), false)?;
        // One byte a label: they are read at random, and stay in the cache.
        let labels: Vec<u8> = rows.iter().map(|&row| u8::from(y[row])).collect();
        let grown = match splits {
            Splits::Best => {
                let default = RandomForestRegressorParameters::default();
                let parameters = RandomForestRegressorParameters {
                    max_depth,
                    min_samples_leaf,
                    n_trees,
                    m,
                    seed,
                    ..default
                };
                extract::trees(&RandomForestRegressor::fit(&inputs, &labels, parameters)?)?
            }
            Splits::Random => {
                let default = ExtraTreesRegressorParameters::default();
                let parameters = ExtraTreesRegressorParameters {
                    max_depth,
                    min_samples_leaf,
                    n_trees,
                    m,
                    seed,
                    ..default
                };
                extract::trees(&ExtraTreesRegressor::fit(&inputs, &labels, parameters)?)?
            }
        };
        grown.iter().map(|nodes| Tree::new(nodes)).collect()
    };
    let shards = (0..settings.trees.div_ceil(SHARD)).into_par_iter().map(shard);
    Ok(Trees(shards.collect::<Result<Vec<Vec<Tree>>>>()?.into_iter().flatten().collect()))
}

/// Rows that a shard of trees, or a stage of boosting, sees.
pub fn sample_size(share: f64, rows: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count"
    )]
    let wanted = (share * rows as f64).ceil() as usize;
    wanted.clamp(1, MOST_ROWS.min(rows.max(1)))
}
