//! Takes the trees out of smartcore's models.
//!
//! smartcore keeps its nodes private, but serialises them: the types below name the fields that matter, and `MessagePack`
//! carries the names. It is exact for f64, and cheap: 20 ms for a shard of 32,500 nodes, which takes 4.5 s to grow. A
//! field of another name would leave no tree behind, which `Tree::new` finds, and tests compare with smartcore's scores.

use super::tree::{GrownNode, Tree};
use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct ForestModel {
    forest_regressor: Option<Forest>,
}

#[derive(Deserialize)]
struct Forest {
    trees: Option<Vec<BaseTree>>,
}

#[derive(Deserialize)]
struct TreeModel {
    tree_regressor: Option<BaseTree>,
}

#[derive(Deserialize)]
struct BaseTree {
    nodes: Vec<GrownNode>,
}

/// The trees of a fitted `RandomForestRegressor` or `ExtraTreesRegressor`.
pub fn forest(model: &impl Serialize) -> Result<Vec<Tree>> {
    let forest = named::<ForestModel>(model)?.forest_regressor.and_then(|forest| forest.trees);
    let trees = forest.context("smartcore's forest is not fitted")?;
    trees.iter().map(|tree| Tree::new(&tree.nodes)).collect()
}

/// The nodes of a fitted `DecisionTreeRegressor`.
pub fn tree(model: &impl Serialize) -> Result<Vec<GrownNode>> {
    let tree = named::<TreeModel>(model)?.tree_regressor;
    Ok(tree.context("smartcore's tree is not fitted")?.nodes)
}

fn named<T: DeserializeOwned>(model: &impl Serialize) -> Result<T> {
    let bytes = rmp_serde::to_vec_named(model)?;
    rmp_serde::from_slice(&bytes).context("smartcore's models have another shape")
}
