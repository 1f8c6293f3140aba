//! Our own compact form of the trees that smartcore grows, and the walk from root to leaf.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// Stands for "no question": the node is a leaf.
const LEAF: u16 = u16::MAX;

/// A node in 16 bytes. Nodes stand in preorder, so a left child is the next node.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    /// Threshold of a question, or value of a leaf.
    value: f64,
    right: u32,
    feature: u16,
}

/// A node of a tree as smartcore has it: children by index, in the order in which they were grown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grown {
    pub(super) value: f64,
    /// Column, threshold, child where the column is at most the threshold, the other child.
    pub(super) split: Option<(usize, f64, usize, usize)>,
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
    /// # Errors
    /// When the children of `grown` are not those of a tree, or a number is not finite.
    pub(super) fn new(grown: &[Grown]) -> Result<Self> {
        let mut nodes: Vec<Node> = Vec::with_capacity(grown.len());
        let mut open = vec![(0_usize, None)];
        while let Some((id, parent)) = open.pop() {
            ensure!(
                nodes.len() < grown.len() && id < grown.len(),
                "a node of a tree has two parents, or none"
            );
            let index = nodes.len();
            if let Some(parent) = parent {
                nodes[parent as usize].right = u32::try_from(index)?;
            }
            let (feature, value) = match grown[id].split {
                None => (LEAF, grown[id].value),
                Some((feature, threshold, left, right)) => {
                    open.push((right, Some(u32::try_from(index)?)));
                    open.push((left, None));
                    (u16::try_from(feature)?, threshold)
                }
            };
            ensure!(value.is_finite(), "a value of a tree is {value}");
            nodes.push(Node { value, right: 0, feature });
        }
        ensure!(nodes.len() == grown.len(), "a tree has nodes that cannot be reached");
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

    /// The value of the leaf that a row comes to.
    pub(super) fn value(&self, input: impl Fn(usize) -> f64) -> f64 {
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
    pub(super) fn new(trees: Vec<Tree>) -> Self {
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
    pub(super) fn add(&self, rows: &[f64], width: usize, sums: &mut [f64]) {
        for tree in &self.0 {
            for (row, sum) in rows.chunks_exact(width).zip(sums.iter_mut()) {
                *sum += tree.value(|feature| row[feature]);
            }
        }
    }

    /// Whether a question asks for this column.
    pub(super) fn uses(&self, column: usize) -> bool {
        let asks = |node: &Node| node.feature != LEAF && usize::from(node.feature) == column;
        self.0.iter().any(|tree| tree.0.iter().any(asks))
    }

    /// Whether all questions are about columns below `width`.
    pub(super) fn fits(&self, width: usize) -> bool {
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
            let parent = open.pop().ok_or_else(|| anyhow::anyhow!("a stored tree is damaged"))?;
            nodes[parent].right = u32::try_from(index + 1)?;
        }
    }
    ensure!(
        open.is_empty() && nodes.last().is_some_and(|node| node.feature == LEAF),
        "a stored tree is damaged"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Grown, Node, Packed, Tree, Trees};
    use anyhow::Result;

    fn leaf(value: f64) -> Grown {
        Grown { value, split: None }
    }

    fn question(feature: usize, threshold: f64, left: usize, right: usize) -> Grown {
        Grown { value: 0.0, split: Some((feature, threshold, left, right)) }
    }

    /// Column 0 up to 1: 10; above, column 1 up to 5: 20, else 30.
    fn tree() -> Result<Tree> {
        Tree::new(&[question(0, 1.0, 1, 2), leaf(10.0), question(1, 5.0, 3, 4), leaf(20.0), leaf(30.0)])
    }

    #[test]
    fn a_row_comes_to_its_leaf_and_a_tie_goes_left() -> Result<()> {
        let tree = tree()?;
        let value = |row: [f64; 2]| tree.value(|feature| row[feature]);
        let values = [value([1.0, 9.0]), value([1.1, 5.0]), value([1.1, 5.1])];
        assert!(
            values
                .iter()
                .zip([10.0, 20.0, 30.0])
                .all(|(value, expected)| value.to_bits() == f64::to_bits(expected))
        );
        Ok(())
    }

    #[test]
    fn what_is_not_a_tree_is_refused() {
        assert!(Tree::new(&[]).is_err());
        assert!(Tree::new(&[question(0, 1.0, 0, 0)]).is_err());
        assert!(Tree::new(&[question(0, 1.0, 1, 7), leaf(1.0)]).is_err());
        assert!(Tree::new(&[leaf(1.0), leaf(2.0)]).is_err());
        assert!(Tree::new(&[leaf(f64::NAN)]).is_err());
    }

    #[test]
    fn packing_is_exact() -> Result<()> {
        let trees = Trees::new(vec![tree()?, Tree::new(&[leaf(10.0)])?, tree()?]);
        let packed = Packed::from(trees.clone());
        assert_eq!(packed.different.len(), 5);
        assert_eq!(Trees::try_from(packed)?, trees);
        assert!(trees.uses(1) && !trees.uses(2) && trees.fits(2) && !trees.fits(1));
        assert_eq!(size_of::<Node>(), 16);
        Ok(())
    }
}
