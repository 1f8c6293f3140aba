//! What a model looks at: how much worse it gets when a column is shuffled.

use super::fitted::Fitted;
use super::matrix::Matrix;
use super::metric::Metric;
use super::random::Random;
use super::scored::Scored;
use crate::interrupt;
use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::Serialize;

/// Rows of a set that are shuffled and scored at most: a column that matters shows on some thousands.
const ROWS: usize = 5000;

/// A snapshot, with a model that was trained on what was known before it.
#[derive(Debug, Clone)]
pub struct ValidationSet {
    pub model: Fitted,
    pub x: Matrix,
    /// What came true.
    pub y: Vec<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    #[serde(rename = "input")]
    pub column: String,
    /// Mean drop of ROC AUC over the sets when its values are shuffled among the rows of a set. Around 0,
    /// and by chance below, for a column that does not matter.
    pub roc_auc_drop: f64,
}

/// Permutation importance out of time (Breiman, Random forests, 2001, section 10), the largest first; columns of one
/// importance keep their order. Correlated columns share theirs: each can stand in for the other. Of a set of more than
/// 5000 rows, 5000 are drawn.
pub fn permutation_importance(mut sets: Vec<ValidationSet>, seed: u64) -> Result<Vec<Importance>> {
    for ValidationSet { x, y, .. } in &mut sets {
        let rows = Random::new(seed, u64::MAX).sample(y.len(), ROWS);
        (*x, *y) = (x.select(&rows), rows.iter().map(|&row| y[row]).collect());
    }
    let before: Vec<f64> = sets.iter().map(|set| roc_auc(set, &set.x)).collect::<Result<_>>()?;
    let importance = |(column, name): (usize, &String)| {
        interrupt::check()?;
        let mut drop = 0.0;
        for (index, (set, before)) in sets.iter().zip(&before).enumerate() {
            if !set.model.uses(column) {
                continue;
            }
            let mut shuffled = set.x.column(column).to_vec();
            // The same order for every column: their differences are then due to the columns.
            Random::new(seed, index as u64).shuffle(&mut shuffled);
            drop += before - roc_auc(set, &set.x.with(column, shuffled))?;
        }
        Ok(Importance { column: name.clone(), roc_auc_drop: drop / sets.len() as f64 })
    };
    let columns = sets.first().context("importance needs a validation set")?.x.columns();
    let mut importances: Vec<Importance> =
        columns.par_iter().enumerate().map(importance).collect::<Result<_>>()?;
    importances.sort_by(|left, right| right.roc_auc_drop.total_cmp(&left.roc_auc_drop));
    Ok(importances)
}

fn roc_auc(set: &ValidationSet, x: &Matrix) -> Result<f64> {
    let scored = Scored::new(&set.y, &set.model.predict(x)?)?;
    scored.metric(Metric::RocAuc).context("a validation set has only one label")
}
