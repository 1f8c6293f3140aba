//! Trees as the operator `TreeEnsemble` of `ai.onnx.ml`.

use super::graph::{Builder, Value, doubles, int, ints, length, tensor_of, uint8s};
use crate::learn::{Node, Trees};

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
    is_leaf: [Vec<i64>; 2],
    roots: Vec<i64>,
    leaves: Vec<f64>,
}

/// The sum of the trees' values for each row of `matrix`.
pub fn sum(graph: &mut Builder, matrix: &Value, trees: &Trees) -> Value {
    let mut lists = Lists::default();
    trees.0.iter().for_each(|tree| lists.push(tree.nodes()));
    let attributes = [
        int("n_targets", 1),
        int("aggregate_function", SUM),
        int("post_transform", AS_THEY_ARE),
        ints("tree_roots", &lists.roots),
        ints("nodes_featureids", &lists.columns),
        tensor_of("nodes_modes", uint8s(vec![AT_MOST; lists.columns.len()])),
        tensor_of("nodes_splits", doubles(&[length(&lists.thresholds)], &lists.thresholds)),
        ints("nodes_truenodeids", &lists.next[0]),
        ints("nodes_trueleafs", &lists.is_leaf[0]),
        ints("nodes_falsenodeids", &lists.next[1]),
        ints("nodes_falseleafs", &lists.is_leaf[1]),
        ints("leaf_targetids", &vec![0; lists.leaves.len()]),
        tensor_of("leaf_weights", doubles(&[length(&lists.leaves)], &lists.leaves)),
    ];
    graph.op_with("TreeEnsemble", &[matrix], &attributes)
}

impl Lists {
    fn push(&mut self, nodes: &[Node]) {
        // The place of each node in the list that it goes to.
        let mut places = Vec::with_capacity(nodes.len());
        let (mut questions, mut leaves) = (length(&self.columns), length(&self.leaves));
        self.roots.push(questions);
        for node in nodes {
            let next = if matches!(node, Node::Leaf(_)) { &mut leaves } else { &mut questions };
            places.push(*next);
            *next += 1;
        }
        // The operator knows no tree without a question: both answers lead to the only leaf.
        if let [Node::Leaf(_)] = nodes {
            self.ask(0, 0.0, [(places[0], true); 2]);
        }
        for (at, node) in nodes.iter().enumerate() {
            match *node {
                Node::Leaf(value) => self.leaves.push(value),
                Node::Question { column, threshold, right } => {
                    let child = |child: usize| (places[child], matches!(nodes[child], Node::Leaf(_)));
                    self.ask(column.into(), threshold, [at + 1, right as usize].map(child));
                }
            }
        }
    }

    /// A question and, for yes and no, the place of what comes next and whether that is a leaf.
    fn ask(&mut self, column: i64, threshold: f64, answers: [(i64, bool); 2]) {
        self.columns.push(column);
        self.thresholds.push(threshold);
        for (answer, (place, is_leaf)) in answers.into_iter().enumerate() {
            self.next[answer].push(place);
            self.is_leaf[answer].push(is_leaf.into());
        }
    }
}
