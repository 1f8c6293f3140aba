//! Our own compact form of the trees that smartcore grows, and the walk from root to leaf.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// Stands for "no question": the node is a leaf.
const LEAF: u16 = u16::MAX;

/// Rows that go down a tree together.
const TOGETHER: usize = 8;

/// A node in 16 bytes. Nodes stand in preorder, so a left child is the next node.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    /// Threshold of a question, or value of a leaf.
    value: f64,
    right: u32,
    feature: u16,
}

/// A node of a tree as smartcore has it, under its names: children by index, in the order in which they were grown.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct GrownNode {
    pub output: f64,
    pub split_feature: usize,
    /// A node may have a threshold and yet be a leaf: only children make a question.
    pub split_value: Option<f64>,
    /// Where the column is at most the threshold.
    pub true_child: Option<usize>,
    pub false_child: Option<usize>,
}

/// A node of a tree, for those who write it in another form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// The value of the rows that come here.
    Leaf(f64),
    /// Rows whose `column` is at most `threshold` go to the next node of the tree, others to node `right`.
    Question { column: usize, threshold: f64, right: usize },
}

/// A regression tree: "is column f at most t?" down to a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree(Vec<Node>);

impl Tree {
    pub fn new(grown: &[GrownNode]) -> Result<Self> {
        let mut nodes: Vec<Node> = Vec::with_capacity(grown.len());
        let mut open = vec![0];
        while let Some(id) = open.pop() {
            ensure!(
                nodes.len() < grown.len() && id < grown.len(),
                "a node of a tree has two parents, or none"
            );
            let node = grown[id];
            let (feature, value) = match (node.split_value, node.true_child, node.false_child) {
                (_, None, None) => (LEAF, node.output),
                (Some(threshold), Some(left), Some(right)) => {
                    open.extend([right, left]);
                    (u16::try_from(node.split_feature)?, threshold)
                }
                _ => anyhow::bail!("a node of a tree has a question and no children, or one"),
            };
            ensure!(value.is_finite(), "a value of a tree is {value}");
            nodes.push(Node { value, right: 0, feature });
        }
        ensure!(nodes.len() == grown.len(), "a tree has nodes that cannot be reached");
        link(&mut nodes)?;
        Ok(Self(nodes))
    }

    /// The nodes in preorder: a question comes before all that it leads to.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.0.iter().map(|node| match node.feature {
            LEAF => Step::Leaf(node.value),
            feature => Step::Question {
                column: usize::from(feature),
                threshold: node.value,
                right: node.right as usize,
            },
        })
    }

    /// Adds the value of the leaf that each row comes to. Rows go down together: one waits for memory while others move.
    fn add(&self, rows: &[f64], width: usize, sums: &mut [f64]) {
        let mut places = [0; TOGETHER];
        let mut is_moving = true;
        while std::mem::take(&mut is_moving) {
            for (place, row) in places.iter_mut().zip(rows.chunks_exact(width)) {
                let node = &self.0[*place];
                if node.feature != LEAF {
                    let is_left = row[usize::from(node.feature)] <= node.value;
                    *place = if is_left { *place + 1 } else { node.right as usize };
                    is_moving = true;
                }
            }
        }
        for (sum, place) in sums.iter_mut().zip(places) {
            *sum += self.0[place].value;
        }
    }

    /// The value of the leaf that a row comes to.
    pub fn value(&self, input: impl Fn(usize) -> f64) -> f64 {
        let mut index = 0;
        loop {
            let node = self.0[index];
            if node.feature == LEAF {
                return node.value;
            }
            index =
                if input(usize::from(node.feature)) <= node.value { index + 1 } else { node.right as usize };
        }
    }
}

/// Trees whose values are added up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Packed", try_from = "Packed")]
pub struct Trees(Vec<Tree>);

impl Trees {
    pub fn new(trees: Vec<Tree>) -> Self {
        Self(trees)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Tree> {
        self.0.iter()
    }

    /// Adds the values of all trees to `sums`, a row of `width` numbers each in `rows`.
    /// Tree by tree, so that a tree stays in the cache for all rows of a block.
    pub fn add(&self, rows: &[f64], width: usize, sums: &mut [f64]) {
        for tree in &self.0 {
            for (rows, sums) in rows.chunks(width * TOGETHER).zip(sums.chunks_mut(TOGETHER)) {
                tree.add(rows, width, sums);
            }
        }
    }

    /// Whether a question asks for this column.
    pub fn uses(&self, column: usize) -> bool {
        let asks = |node: &Node| node.feature != LEAF && usize::from(node.feature) == column;
        self.0.iter().any(|tree| tree.0.iter().any(asks))
    }

    /// Whether all questions are about columns below `width`.
    pub fn fits(&self, width: usize) -> bool {
        let fits = |node: &Node| node.feature == LEAF || usize::from(node.feature) < width;
        self.0.iter().all(|tree| tree.0.iter().all(fits))
    }
}

/// The stored form. Thresholds and leaves repeat a lot (a leaf is a fraction of small whole numbers), so each
/// different one is stored once; right children follow from the preorder.
#[derive(Debug, Serialize, Deserialize)]
struct Packed {
    sizes: Vec<u32>,
    features: Vec<u16>,
    values: Vec<u32>,
    different: Vec<f64>,
}

impl From<Trees> for Packed {
    fn from(trees: Trees) -> Self {
        let nodes = || trees.0.iter().flat_map(|tree| &tree.0);
        let mut different: Vec<f64> = nodes().map(|node| node.value).collect();
        different.sort_unstable_by(f64::total_cmp);
        different.dedup_by(|left, right| left.to_bits() == right.to_bits());
        let place = |node: &Node| different.partition_point(|value| value.total_cmp(&node.value).is_lt());
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Self {
            sizes: trees.0.iter().map(|tree| short(tree.0.len())).collect(),
            // A leaf becomes 0, which is one byte.
            features: nodes().map(|node| node.feature.wrapping_add(1)).collect(),
            values: nodes().map(|node| short(place(node))).collect(),
            different,
        }
    }
}

impl TryFrom<Packed> for Trees {
    type Error = anyhow::Error;

    fn try_from(packed: Packed) -> Result<Self> {
        ensure!(packed.features.len() == packed.values.len(), "a stored tree is incomplete");
        ensure!(
            packed.different.iter().all(|value| value.is_finite()),
            "a stored tree has a value that is no number"
        );
        let mut stored = packed.features.iter().zip(&packed.values);
        let mut trees = Vec::new();
        for &size in &packed.sizes {
            let size = size as usize;
            ensure!((1..=stored.len()).contains(&size), "a stored tree is incomplete");
            let mut nodes = Vec::with_capacity(size);
            for (feature, &place) in stored.by_ref().take(size) {
                let value = packed.different.get(place as usize).copied();
                let value = value.ok_or_else(|| anyhow::anyhow!("a stored tree is damaged"))?;
                nodes.push(Node { value, right: 0, feature: feature.wrapping_sub(1) });
            }
            link(&mut nodes)?;
            trees.push(Tree(nodes));
        }
        ensure!(stored.len() == 0, "stored trees have nodes left over");
        Ok(Self(trees))
    }
}

/// Finds the right children of nodes in preorder: after a leaf comes the right child of the last question that has none.
fn link(nodes: &mut [Node]) -> Result<()> {
    let mut open: Vec<usize> = Vec::new();
    for index in 0..nodes.len() {
        if nodes[index].feature != LEAF {
            open.push(index);
        } else if index + 1 < nodes.len() {
            let parent = open.pop().ok_or_else(|| anyhow::anyhow!("a tree is damaged"))?;
            nodes[parent].right = u32::try_from(index + 1)?;
        }
    }
    ensure!(open.is_empty() && nodes.last().is_some_and(|node| node.feature == LEAF), "a tree is damaged");
    Ok(())
}
