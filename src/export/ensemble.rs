//! Trees as the operator `TreeEnsemble` of `ai.onnx.ml`.

use anyhow::Result;

use super::graph::{Builder, ML_DOMAIN, Value, doubles, int, ints, length, tensor, uint8s};
use crate::learn::{Step, Trees};

/// Codes of the operator: a question is "is the column at most this?"; values are added up, and stay as they are.
const AT_MOST: u8 = 0;
const SUM: i64 = 1;
const AS_THEY_ARE: i64 = 0;

/// The operator's lists: one entry a question, and one a leaf.
#[derive(Default)]
struct Lists {
    columns: Vec<i64>,
    thresholds: Vec<f64>,
    /// Where the answer is yes, and where it is no.
    next: [Vec<i64>; 2],
    /// Whether that is a leaf.
    is_leaf: [Vec<i64>; 2],
    roots: Vec<i64>,
    leaves: Vec<f64>,
}

/// The sum of the trees' values for each row of `matrix`.
pub fn sum(graph: &mut Builder, matrix: &Value, trees: &Trees) -> Result<Value> {
    anyhow::ensure!(trees.len() > 0, "there is no tree");
    let mut lists = Lists::default();
    for tree in trees.iter() {
        let steps: Vec<Step> = tree.steps().collect();
        lists.push(&steps)?;
    }
    let [yes, no] = lists.next;
    let [yes_is_leaf, no_is_leaf] = lists.is_leaf;
    let (questions, leaves) = (lists.columns.len(), lists.leaves.len());
    let attributes = vec![
        int("n_targets", 1),
        int("aggregate_function", SUM),
        int("post_transform", AS_THEY_ARE),
        ints("tree_roots", lists.roots),
        ints("nodes_featureids", lists.columns),
        tensor("nodes_modes", uint8s(vec![AT_MOST; questions])),
        tensor("nodes_splits", doubles(&[length(&lists.thresholds)], &lists.thresholds)),
        ints("nodes_truenodeids", yes),
        ints("nodes_trueleafs", yes_is_leaf),
        ints("nodes_falsenodeids", no),
        ints("nodes_falseleafs", no_is_leaf),
        ints("leaf_targetids", vec![0; leaves]),
        tensor("leaf_weights", doubles(&[length(&lists.leaves)], &lists.leaves)),
    ];
    Ok(graph.op_with("TreeEnsemble", ML_DOMAIN, &[matrix], attributes))
}

impl Lists {
    fn push(&mut self, steps: &[Step]) -> Result<()> {
        // The place of each node in the list that it goes to.
        let mut places = Vec::with_capacity(steps.len());
        let (mut questions, mut leaves) = (length(&self.columns), length(&self.leaves));
        self.roots.push(questions);
        for step in steps {
            let next = if matches!(step, Step::Leaf(_)) { &mut leaves } else { &mut questions };
            places.push(*next);
            *next += 1;
        }
        if let [Step::Leaf(value)] = steps {
            // The operator knows no tree without a question: both answers lead to the leaf.
            self.columns.push(0);
            self.thresholds.push(0.0);
            for answer in 0..2 {
                self.next[answer].push(places[0]);
                self.is_leaf[answer].push(1);
            }
            self.leaves.push(*value);
            return Ok(());
        }
        for (at, step) in steps.iter().enumerate() {
            match *step {
                Step::Leaf(value) => self.leaves.push(value),
                Step::Question { column, threshold, right } => {
                    self.columns.push(i64::try_from(column)?);
                    self.thresholds.push(threshold);
                    for (answer, child) in [at + 1, right].into_iter().enumerate() {
                        self.next[answer].push(places[child]);
                        self.is_leaf[answer].push(i64::from(matches!(steps[child], Step::Leaf(_))));
                    }
                }
            }
        }
        Ok(())
    }
}
