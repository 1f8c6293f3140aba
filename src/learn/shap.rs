//! Shapley values of trees, exactly: what each input of a row adds to the mean over a list of rows.
//!
//! The game is that of `TreeSHAP` (Lundberg et al., From local explanations to global understanding with explainable AI
//! for trees, 2020): where an input is not known, a row takes both branches, in the proportion in which the rows of the
//! list take them. A leaf behind questions about d inputs is then worth `value * product of o or z`, with o 1 where the
//! row meets the questions about an input, else 0, and z the share of the list that meets them. The Shapley values of a
//! product are integrals over 0..1 (Owen, Multilinear extensions of games, 1972),
//!
//! ```text
//! phi_j = value * (o_j - z_j) * integral of product over k other than j of (t * o_k + (1 - t) * z_k)
//! ```
//!
//! of polynomials of degree d - 1, which d / 2 points of Gauss and Legendre give exactly. Products go down a tree and
//! their sums come up, as in Linear `TreeShap` (Yu et al., 2022): a row costs nodes * points, not leaves * depth^2.

use std::f64::consts::PI;

use anyhow::{Result, ensure};
use rayon::prelude::*;

use super::matrix::Matrix;
use super::tree::{Node, Tree, Trees};
use crate::interrupt;

/// Rows that go down a tree side by side.
const BLOCK: usize = 32;
/// Trees that are held in this form at a time.
const HELD: usize = 32;
/// Far below what a forest grows to, far above what the stack can take.
const DEEPEST: usize = 500;

/// One number a row.
type Lanes = [f64; BLOCK];

/// Values of the summed `trees` for the rows of `x`, a row of inputs after the other, and the mean that they add to.
pub fn shapley(trees: &Trees, x: &Matrix) -> Result<(f64, Vec<f64>)> {
    let width = x.columns().len();
    let mut values = vec![0.0; x.rows() * width];
    let mut mean = 0.0;
    for some in trees.0.chunks(HELD) {
        interrupt::check()?;
        let held: Vec<Shared> = some.par_iter().map(|tree| Shared::new(tree, x)).collect::<Result<_>>()?;
        mean += held.iter().map(|tree| tree.mean).sum::<f64>();
        values.par_chunks_mut(BLOCK * width).enumerate().for_each(|(block, values)| {
            let mut sums = vec![[0.0; BLOCK]; width];
            for tree in &held {
                Walk::new(tree, x, block * BLOCK, &mut sums).node(0, 0);
            }
            for (lane, row) in values.chunks_exact_mut(width).enumerate() {
                row.iter_mut().zip(&sums).for_each(|(value, sums)| *value += sums[lane]);
            }
        });
    }
    Ok((mean, values))
}

/// A tree, and how the rows of a list share out over it.
struct Shared<'a> {
    nodes: &'a [Node],
    /// Of the rows at its parent, those that come to a node.
    shares: Vec<f64>,
    mean: f64,
    depth: usize,
    /// Where the products are looked at, and how much each place counts.
    points: Vec<(f64, f64)>,
}

impl<'a> Shared<'a> {
    fn new(tree: &'a Tree, x: &Matrix) -> Result<Self> {
        let nodes = tree.nodes();
        let mut counts = vec![0.0; nodes.len()];
        for row in 0..x.rows() {
            let mut at = 0;
            while let Node::Question { column, threshold, right } = nodes[at] {
                counts[at] += 1.0;
                at = if x.column(column.into())[row] <= threshold { at + 1 } else { right as usize };
            }
            counts[at] += 1.0;
        }
        let rows = x.rows().max(1) as f64;
        let (mut shares, mut mean) = (vec![1.0; nodes.len()], 0.0);
        let mut depths = vec![0; nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            match *node {
                Node::Leaf(value) => mean += value * counts[at] / rows,
                Node::Question { right, .. } => {
                    for child in [at + 1, right as usize] {
                        // Where nobody comes, nothing is known of who goes where.
                        shares[child] = if counts[at] > 0.0 { counts[child] / counts[at] } else { 0.5 };
                        depths[child] = depths[at] + 1;
                    }
                }
            }
        }
        let depth = depths.into_iter().max().unwrap_or(0);
        ensure!(depth <= DEEPEST, "a tree asks {depth} questions in a row, {DEEPEST} are the most");
        let inputs = most_inputs(nodes, 0, &mut vec![0; x.columns().len()]);
        Ok(Self { nodes, shares, mean, depth, points: gauss_legendre(inputs.div_ceil(2)) })
    }
}

/// Different inputs that are asked for on one way below node `at`, and on the way to it.
fn most_inputs(nodes: &[Node], at: usize, asked: &mut [usize]) -> usize {
    let Node::Question { column, right, .. } = nodes[at] else {
        return asked.iter().filter(|times| **times > 0).count();
    };
    asked[usize::from(column)] += 1;
    let most = most_inputs(nodes, at + 1, asked).max(most_inputs(nodes, right as usize, asked));
    asked[usize::from(column)] -= 1;
    most
}

/// Points and weights on 0..1: the roots of a Legendre polynomial by Newton's method, from where they nearly are.
fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    let count = points as f64;
    let point = |at: usize| {
        let mut x = (PI * (at as f64 + 0.75) / (count + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..20 {
            let (mut value, mut before) = (1.0, 0.0);
            for degree in 0..points {
                let degree = degree as f64;
                let next = ((2.0 * degree + 1.0) * x * value - degree * before) / (degree + 1.0);
                (value, before) = (next, value);
            }
            slope = count * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        (f64::midpoint(1.0, x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..points).map(point).collect()
}

/// A block of rows on its way through a tree.
struct Walk<'a> {
    tree: &'a Shared<'a>,
    x: &'a Matrix,
    first: usize,
    /// For each input whether a row has met all questions so far, and the share of the list that has.
    met: Vec<Lanes>,
    shares: Vec<f64>,
    /// A level of the tree after the other: the products on the way down, the sums of what is below on the way up.
    products: Vec<Lanes>,
    below: Vec<Lanes>,
    /// What comes of it, for each input.
    sums: &'a mut [Lanes],
}

impl<'a> Walk<'a> {
    fn new(tree: &'a Shared<'a>, x: &'a Matrix, first: usize, sums: &'a mut [Lanes]) -> Self {
        let width = x.columns().len();
        let levels = vec![[1.0; BLOCK]; (tree.depth + 1) * tree.points.len()];
        let (met, shares) = (vec![[1.0; BLOCK]; width], vec![1.0; width]);
        Self { tree, x, first, met, shares, below: levels.clone(), products: levels, sums }
    }

    fn node(&mut self, at: usize, level: usize) {
        let points = self.tree.points.len();
        let here = level * points..(level + 1) * points;
        match self.tree.nodes[at] {
            Node::Leaf(value) => {
                for (below, product) in self.below[here.clone()].iter_mut().zip(&self.products[here]) {
                    *below = product.map(|product| value * product);
                }
            }
            Node::Question { column, threshold, right } => {
                self.below[here].fill([0.0; BLOCK]);
                self.branch(column.into(), |value| value <= threshold, at + 1, level);
                self.branch(column.into(), |value| value > threshold, right as usize, level);
            }
        }
    }

    /// Goes down to `child`, for which the input `column` has to be as `fits` says, and takes what comes up from there.
    fn branch(&mut self, column: usize, fits: impl Fn(f64) -> bool, child: usize, level: usize) {
        let (tree, count) = (self.tree, self.tree.points.len());
        let (before, share_before) = (self.met[column], self.shares[column]);
        let share = share_before * tree.shares[child];
        let mut met = before;
        for (met, value) in met.iter_mut().zip(&self.x.column(column)[self.first..]) {
            *met *= f64::from(u8::from(fits(*value)));
        }
        (self.met[column], self.shares[column]) = (met, share);
        let (up, down) = self.products.split_at_mut((level + 1) * count);
        for (at, (t, _)) in tree.points.iter().enumerate() {
            let old = t + (1.0 - t) * share_before;
            let (kept, lost) = ((t + (1.0 - t) * share) / old, (1.0 - t) * share / old);
            let (up, down) = (&up[level * count + at], &mut down[at]);
            for lane in 0..BLOCK {
                // Of a row that had met it all, and still does or not any more; and of one that had not.
                let factor = tree.shares[child]
                    + before[lane] * (lost - tree.shares[child])
                    + met[lane] * (kept - lost);
                down[lane] = up[lane] * factor;
            }
        }
        self.node(child, level + 1);
        let (above, below) = self.below.split_at_mut((level + 1) * count);
        for (at, (t, weight)) in tree.points.iter().enumerate() {
            // What the questions so far gave is replaced by what they give together with this one.
            let old = (1.0 - share_before) / (t + (1.0 - t) * share_before);
            let lost = -1.0 / (1.0 - t) - old;
            let kept = (1.0 - share) / (t + (1.0 - t) * share) - old;
            let (above, below) = (&mut above[level * count + at], &below[at]);
            for lane in 0..BLOCK {
                above[lane] += below[lane];
                let change = before[lane] * lost + met[lane] * (kept - lost);
                self.sums[column][lane] += weight * below[lane] * change;
            }
        }
        (self.met[column], self.shares[column]) = (before, share_before);
    }
}
