//! What a model looks at: how much worse it gets when a column is shuffled.

use super::fitted::Fitted;
use super::matrix::Matrix;
use super::metric::Metric;
use super::random::Random;
use super::scored::Scored;
use crate::interrupt;
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows of a set that are shuffled and scored at most: a column that matters shows on some thousands.
const ROWS: usize = 5000;

/// A snapshot that a model was not trained on, with the model that scores it.
#[derive(Debug, Clone, Copy)]
pub struct ValidationSet<'a> {
    /// Trained on what was known before the snapshot.
    pub model: &'a Fitted,
    /// Inputs of the snapshot.
    pub x: &'a Matrix,
    /// What came true.
    pub y: &'a [bool],
}

/// How much a model owes to a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The input.
    pub column: String,
    /// Mean drop of ROC AUC over the sets when its values are shuffled among the rows of a set. Around 0,
    /// and by chance below, for a column that does not matter.
    pub roc_auc_drop: f64,
}

/// Permutation importance out of time (Breiman, Random forests, 2001, section 10), the largest first; columns of one
/// importance keep their order. Correlated columns share theirs: each can stand in for the other. Of a set of more than
/// 5000 rows, 5000 are drawn.
pub fn permutation_importance(sets: &[ValidationSet], seed: u64) -> Result<Vec<Importance>> {
    let columns = sets.first().context("importance needs a validation set")?.model.columns();
    ensure!(
        sets.iter().all(|set| set.model.columns() == columns),
        "models of validation sets have other columns"
    );
    let drawn = |set: &ValidationSet| {
        let rows = Random::new(seed, u64::MAX).sample(set.x.rows(), ROWS);
        (set.x.select(&rows), rows.iter().map(|&row| set.y[row]).collect::<Vec<bool>>())
    };
    let parts: Vec<(Matrix, Vec<bool>)> = sets.iter().map(drawn).collect();
    let sets: Vec<ValidationSet> =
        sets.iter().zip(&parts).map(|(set, (x, y))| ValidationSet { model: set.model, x, y }).collect();
    let before: Vec<f64> = sets.iter().map(|set| roc_auc(set, set.x)).collect::<Result<_>>()?;
    let importance = |column: usize| {
        interrupt::check()?;
        let mut drop = 0.0;
        for (index, (set, before)) in sets.iter().zip(&before).enumerate() {
            if !set.model.uses(column) {
                continue;
            }
            let mut order: Vec<usize> = (0..set.x.rows()).collect();
            // The same order for every column: their differences are then due to the columns.
            Random::new(seed, index as u64).shuffle(&mut order);
            drop += before - roc_auc(set, &set.x.with_permuted(column, &order))?;
        }
        let roc_auc_drop = drop / sets.len() as f64;
        Ok(Importance { column: columns[column].clone(), roc_auc_drop })
    };
    let mut importances: Vec<Importance> =
        (0..columns.len()).into_par_iter().map(importance).collect::<Result<_>>()?;
    importances.sort_by(|left, right| right.roc_auc_drop.total_cmp(&left.roc_auc_drop));
    Ok(importances)
}

fn roc_auc(set: &ValidationSet, x: &Matrix) -> Result<f64> {
    let scored = Scored::new(set.y, &set.model.predict(x)?)?;
    scored.metric(Metric::RocAuc).context("a validation set has only one label")
}
