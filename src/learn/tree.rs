//! Our own compact form of the trees that smartcore grows, and the walk from root to leaf.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// Rows that go down a tree together.
const TOGETHER: usize = 8;

/// A node in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Node {
    /// The value of the rows that come here.
    Leaf(f64),
    /// Rows whose `column` is at most `threshold` go to the next node of the tree, others to node `right`.
    Question { column: u16, threshold: f64, right: u32 },
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

/// A regression tree, in preorder: a question comes before all that it leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree(Vec<Node>);

impl Node {
    fn number(&self) -> f64 {
        let (Self::Leaf(number) | Self::Question { threshold: number, .. }) = *self;
        number
    }
}

impl Tree {
    pub fn new(grown: &[GrownNode]) -> Result<Self> {
        let mut nodes = Vec::with_capacity(grown.len());
        let mut open = vec![0];
        while let Some(id) = open.pop() {
            ensure!(
                nodes.len() < grown.len() && id < grown.len(),
                "a node of a tree has two parents, or none"
            );
            let node = grown[id];
            nodes.push(match (node.split_value, node.true_child, node.false_child) {
                (_, None, None) => Node::Leaf(node.output),
                (Some(threshold), Some(left), Some(right)) => {
                    open.extend([right, left]);
                    Node::Question { column: u16::try_from(node.split_feature)?, threshold, right: 0 }
                }
                _ => bail!("a node of a tree has a question and no children, or one"),
            });
        }
        ensure!(nodes.len() == grown.len(), "a tree has nodes that cannot be reached");
        Self::linked(nodes)
    }

    /// Finds the right children: after a leaf comes the right child of the last question that has none.
    fn linked(mut nodes: Vec<Node>) -> Result<Self> {
        let wrong = nodes.iter().map(Node::number).find(|number| !number.is_finite());
        ensure!(wrong.is_none(), "a value of a tree is {}", wrong.unwrap_or_default());
        let count = nodes.len();
        let mut open: Vec<&mut u32> = Vec::new();
        for (at, node) in nodes.iter_mut().enumerate() {
            match node {
                Node::Question { right, .. } => open.push(right),
                Node::Leaf(_) if at + 1 == count => {}
                Node::Leaf(_) => *open.pop().context("a tree is damaged")? = u32::try_from(at + 1)?,
            }
        }
        ensure!(open.is_empty() && matches!(nodes.last(), Some(Node::Leaf(_))), "a tree is damaged");
        Ok(Self(nodes))
    }

    pub fn nodes(&self) -> &[Node] {
        &self.0
    }

    /// The same questions with other thresholds, by column and the one so far.
    #[must_use]
    pub fn with_thresholds(mut self, other: impl Fn(usize, f64) -> f64) -> Self {
        for node in &mut self.0 {
            if let Node::Question { column, threshold, .. } = node {
                *threshold = other(usize::from(*column), *threshold);
            }
        }
        self
    }

    /// Adds the value of the leaf that each row comes to; the rows, of `width` numbers, stand one after another.
    pub fn add<T: Copy + Into<f64>>(&self, rows: &[T], width: usize, sums: &mut [f64]) {
        // Some rows go down together: one waits for memory while others move.
        for (rows, sums) in rows.chunks(width * TOGETHER).zip(sums.chunks_mut(TOGETHER)) {
            let mut places = [0; TOGETHER];
            let mut is_moving = true;
            while std::mem::take(&mut is_moving) {
                for (place, row) in places.iter_mut().zip(rows.chunks_exact(width)) {
                    if let Node::Question { column, threshold, right } = self.0[*place] {
                        let is_left = row[usize::from(column)].into() <= threshold;
                        *place = if is_left { *place + 1 } else { right as usize };
                        is_moving = true;
                    }
                }
            }
            for (sum, place) in sums.iter_mut().zip(places) {
                *sum += self.0[place].number();
            }
        }
    }
}

/// Trees whose values are added up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Packed", try_from = "Packed")]
pub struct Trees(pub Vec<Tree>);

impl Trees {
    /// Tree by tree, so that a tree stays in the cache for all rows of a block.
    pub fn add(&self, rows: &[f64], width: usize, sums: &mut [f64]) {
        self.0.iter().for_each(|tree| tree.add(rows, width, sums));
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.0.iter().flat_map(|tree| &tree.0)
    }

    /// The columns of all questions.
    pub fn asked(&self) -> impl Iterator<Item = usize> {
        self.nodes().filter_map(|node| match node {
            Node::Leaf(_) => None,
            Node::Question { column, .. } => Some(usize::from(*column)),
        })
    }
}

/// The stored form. Thresholds and leaves repeat a lot (a leaf is a fraction of small whole numbers), so each
/// different one is stored once; right children follow from the preorder.
#[derive(Debug, Serialize, Deserialize)]
struct Packed {
    sizes: Vec<u32>,
    /// The column of a question, from 1; 0 for a leaf, which is one byte.
    features: Vec<u16>,
    values: Vec<u32>,
    different: Vec<f64>,
}

impl From<Trees> for Packed {
    fn from(trees: Trees) -> Self {
        let mut different: Vec<f64> = trees.nodes().map(Node::number).collect();
        different.sort_unstable_by(f64::total_cmp);
        different.dedup_by(|left, right| left.to_bits() == right.to_bits());
        let place = |node: &Node| different.partition_point(|value| value.total_cmp(&node.number()).is_lt());
        let short = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let feature = |node: &Node| match node {
            Node::Leaf(_) => 0,
            Node::Question { column, .. } => column + 1,
        };
        Self {
            sizes: trees.0.iter().map(|tree| short(tree.0.len())).collect(),
            features: trees.nodes().map(feature).collect(),
            values: trees.nodes().map(|node| short(place(node))).collect(),
            different,
        }
    }
}

impl TryFrom<Packed> for Trees {
    type Error = anyhow::Error;

    fn try_from(packed: Packed) -> Result<Self> {
        ensure!(packed.features.len() == packed.values.len(), "a stored tree is incomplete");
        let mut stored = packed.features.iter().zip(&packed.values).map(|(feature, place)| {
            let number = *packed.different.get(*place as usize).context("a stored tree is damaged")?;
            Ok(match feature.checked_sub(1) {
                None => Node::Leaf(number),
                Some(column) => Node::Question { column, threshold: number, right: 0 },
            })
        });
        let mut trees = Vec::new();
        for &size in &packed.sizes {
            let size = size as usize;
            ensure!((1..=stored.len()).contains(&size), "a stored tree is incomplete");
            trees.push(Tree::linked(stored.by_ref().take(size).collect::<Result<_>>()?)?);
        }
        ensure!(stored.len() == 0, "stored trees have nodes left over");
        Ok(Self(trees))
    }
}
