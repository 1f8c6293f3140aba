//! Takes the trees out of smartcore's models.
//!
//! smartcore keeps its nodes private, but serialises them: the types below name the fields that matter, and `MessagePack`
//! carries the names. It is exact for f64, and cheap: 20 ms for a shard of 32,500 nodes, which takes 4.5 s to grow. A
//! field of another name would leave no tree behind, which `Tree::new` finds, and tests compare with smartcore's scores.

use super::tree::GrownNode;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Model {
    forest_regressor: Option<Forest>,
    tree_regressor: Option<BaseTree>,
}

#[derive(Deserialize)]
struct Forest {
    trees: Option<Vec<BaseTree>>,
}

#[derive(Deserialize)]
struct BaseTree {
    nodes: Vec<GrownNode>,
}

/// The nodes of each tree of a fitted `RandomForestRegressor`, `ExtraTreesRegressor` or `DecisionTreeRegressor`.
pub fn trees(model: &impl Serialize) -> Result<Vec<Vec<GrownNode>>> {
    let bytes = rmp_serde::to_vec_named(model)?;
    let model: Model = rmp_serde::from_slice(&bytes).context("smartcore's models have another shape")?;
    let trees = model.forest_regressor.and_then(|forest| forest.trees);
    let trees =
        trees.or(model.tree_regressor.map(|tree| vec![tree])).context("smartcore's model is not fitted")?;
    Ok(trees.into_iter().map(|tree| tree.nodes).collect())
}
