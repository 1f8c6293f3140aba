//! Takes the trees out of smartcore's models.
//!
//! smartcore keeps its nodes private, but serialises them. The types below mirror its own, field by field, and the
//! passage is through postcard: exact for f64 (`serde_json` may round the last digit unless told otherwise), fifty
//! times faster than JSON and a fifth of its size. postcard knows no field names, so the mirror is checked: nothing
//! may be left over, the nodes have to form a tree, and the tests compare predictions with smartcore's own.

use super::tree::{Grown, Tree};
use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct ForestModel {
    forest: Option<Forest>,
}

#[derive(Deserialize)]
struct Forest {
    trees: Option<Vec<BaseTree>>,
    features: Option<usize>,
    _samples: Option<Vec<Vec<bool>>>,
}

#[derive(Deserialize)]
struct TreeModel {
    tree: Option<BaseTree>,
    features: Option<usize>,
}

#[derive(Deserialize)]
struct BaseTree {
    nodes: Vec<Node>,
    _parameters: Option<Parameters>,
    _depth: u16,
    _root_mass: f64,
}

#[derive(Deserialize)]
struct Parameters {
    _max_depth: Option<u16>,
    _min_samples_leaf: usize,
    _min_samples_split: usize,
    _seed: Option<u64>,
    _splitter: Splitter,
}

#[derive(Deserialize)]
enum Splitter {
    Random,
    Best,
}

#[derive(Deserialize)]
struct Node {
    output: f64,
    split_feature: usize,
    split_value: Option<f64>,
    _split_score: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

/// The trees of a `RandomForestRegressor` or an `ExtraTreesRegressor` trained on `width` columns.
///
/// # Errors
/// When the model's shape is not the one this module was written for.
pub(super) fn forest(model: &impl Serialize, width: usize) -> Result<Vec<Tree>> {
    let forest = mirror::<ForestModel>(model)?.forest.context("smartcore's forest is not fitted")?;
    ensure!(forest.features == Some(width), "smartcore's forest has an unexpected number of columns");
    let trees = forest.trees.context("smartcore's forest is not fitted")?;
    trees.iter().map(|tree| Tree::new(&grown(tree, width)?)).collect()
}

/// The nodes of a `DecisionTreeRegressor` trained on `width` columns.
///
/// # Errors
/// When the model's shape is not the one this module was written for.
pub(super) fn tree(model: &impl Serialize, width: usize) -> Result<Vec<Grown>> {
    let model = mirror::<TreeModel>(model)?;
    ensure!(model.features == Some(width), "smartcore's tree has an unexpected number of columns");
    grown(&model.tree.context("smartcore's tree is not fitted")?, width)
}

fn mirror<T: DeserializeOwned>(model: &impl Serialize) -> Result<T> {
    let bytes = postcard::to_stdvec(model)?;
    let (mirror, rest) =
        postcard::take_from_bytes(&bytes).context("smartcore's models have another shape")?;
    ensure!(rest.is_empty(), "smartcore's models have another shape");
    Ok(mirror)
}

fn grown(tree: &BaseTree, width: usize) -> Result<Vec<Grown>> {
    let node = |node: &Node| {
        // A node may have been given a threshold and yet stay a leaf: only children make a question.
        let split = match (node.split_value, node.true_child, node.false_child) {
            (Some(threshold), Some(left), Some(right)) => Some((node.split_feature, threshold, left, right)),
            (_, None, None) => None,
            _ => anyhow::bail!("smartcore's models have another shape"),
        };
        ensure!(node.split_feature < width, "smartcore's tree asks for a column that is not there");
        Ok(Grown { value: node.output, split })
    };
    tree.nodes.iter().map(node).collect()
}
