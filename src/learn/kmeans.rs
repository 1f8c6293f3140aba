//! k-means: smartcore's, from several starts, with segments that keep their numbers from one fit to the next.

use super::algorithm::KMeansSettings;
use super::fitted::MOST_COLUMNS;
use super::matrix::Matrix;
use super::random::Random;
use super::store::at_most;
use crate::interrupt;
use anyhow::{Context, Result, ensure};
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix as Weights;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::cluster::kmeans::{KMeans, KMeansParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use std::collections::HashSet;

/// Rounds of one start; smartcore stops earlier, when the sum of squared distances falls no further.
const ROUNDS: usize = 300;
/// Far more than `clusters` may ask for.
const MOST_SEGMENTS: usize = 1000;

/// Centres and the numbers of their segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clustering {
    #[serde(deserialize_with = "at_most::<MOST_COLUMNS, _, _>")]
    columns: Vec<String>,
    #[serde(deserialize_with = "at_most::<MOST_SEGMENTS, _, _>")]
    segments: Vec<Segment>,
    /// The highest number that this clustering or one before it has used: a number is never given twice.
    highest: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// From 1; it stays the same in later clusterings.
    pub number: i32,
    /// Mean of its rows, one value a column.
    pub centre: Vec<f64>,
}

/// Groups the rows of `x`; segments are numbered by size, the largest first.
pub fn cluster(settings: &KMeansSettings, x: &Matrix, seed: u64) -> Result<Clustering> {
    let k = settings.clusters;
    let (rows, width) = (x.rows(), x.columns().len());
    ensure!(width > 0, "a model needs at least one input");
    let values = x.all_row_major();
    let different: HashSet<Vec<u64>> =
        values.chunks_exact(width).map(|row| row.iter().map(|value| value.to_bits()).collect()).collect();
    ensure!(different.len() >= k, "{} different rows cannot make {k} groups", different.len());
    let dense = DenseMatrix::new(rows, width, values.clone(), false)?;
    let starts: Vec<Option<(f64, Vec<Vec<f64>>)>> = (0..settings.restarts as u64)
        .into_par_iter()
        .map(|start| {
            interrupt::check()?;
            let seed = Random::new(seed, start).next_u64();
            let Some(centres) = one_start(&dense, &values, width, k, seed)? else { return Ok(None) };
            let inertia = values.chunks_exact(width).map(|row| nearest(centres.iter(), row).1).sum();
            Ok(Some((inertia, centres)))
        })
        .collect::<Result<_>>()?;
    let best = starts.into_iter().flatten().min_by(|left, right| left.0.total_cmp(&right.0));
    let (_, mut centres) = best.context("every start left a group empty")?;
    let mut sizes = vec![0_usize; k];
    for row in values.chunks_exact(width) {
        sizes[nearest(centres.iter(), row).0] += 1;
    }
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(sizes[at]));
    let numbered = order.iter().zip(1..);
    let segments: Vec<Segment> =
        numbered.map(|(&at, number)| Segment { number, centre: std::mem::take(&mut centres[at]) }).collect();
    let highest = i32::try_from(k)?;
    Ok(Clustering { columns: x.columns().to_vec(), segments, highest })
}

/// Centres after one start; `None` where a group is left without rows.
fn one_start(
    dense: &DenseMatrix<f64>,
    values: &[f64],
    width: usize,
    k: usize,
    seed: u64,
) -> Result<Option<Vec<Vec<f64>>>> {
    let parameters = KMeansParameters { k, max_iter: ROUNDS, seed: Some(seed) };
    let fitted: KMeans<f64, i32, DenseMatrix<f64>, Vec<i32>> = KMeans::fit(dense, parameters)?;
    let mut sums = vec![(0.0, vec![0.0; width]); k];
    for (row, group) in values.chunks_exact(width).zip(fitted.predict(dense)?) {
        let (count, sum) = &mut sums[usize::try_from(group)?];
        *count += 1.0;
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let mean = |(count, sum): (f64, Vec<f64>)| {
        (count > 0.0).then(|| sum.into_iter().map(|sum| sum / count).collect())
    };
    Ok(sums.into_iter().map(mean).collect())
}

/// Place of the nearest centre, and the squared distance to it.
fn nearest<'a>(centres: impl Iterator<Item = &'a Vec<f64>>, row: &[f64]) -> (usize, f64) {
    let distances = centres.map(|centre| squared_distance(centre, row)).enumerate();
    distances.min_by(|left, right| left.1.total_cmp(&right.1)).unwrap_or_default()
}

pub fn squared_distance(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
}

impl Clustering {
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// For each row the place of its segment in [`segments`](Self::segments), and the distance to its centre.
    pub fn assign(&self, x: &Matrix) -> Result<Vec<(usize, f64)>> {
        ensure!(
            self.columns == x.columns(),
            "the model was trained with the inputs {}, given are {}",
            self.columns.join(", "),
            x.columns().join(", ")
        );
        let of_row = |row| {
            let (at, squared) = nearest(self.segments.iter().map(|segment| &segment.centre), row);
            (at, squared.sqrt())
        };
        Ok(x.all_row_major().chunks_exact(self.columns.len()).map(of_row).collect())
    }

    /// The first of these alone.
    pub fn places(&self, x: &Matrix) -> Result<Vec<usize>> {
        Ok(self.assign(x)?.into_iter().map(|(at, _)| at).collect())
    }

    /// Places of the segments with the nearest centre and the next; of a single one, twice the same.
    pub fn nearest_two(&self, row: &[f64]) -> [usize; 2] {
        let mut places: Vec<usize> = (0..self.segments.len()).collect();
        // Bits of numbers that are not below 0 are in their order.
        places.sort_by_cached_key(|&at| squared_distance(&self.segments[at].centre, row).to_bits());
        [places[0], *places.get(1).unwrap_or(&places[0])]
    }

    /// The same centres with the numbers of those of `earlier` that they succeed, by the least total distance between
    /// pairs (Kuhn, The Hungarian method for the assignment problem, 1955). A centre without a counterpart gets a new
    /// number. With other inputs nothing can be compared, and the numbers stay.
    #[must_use]
    pub fn succeeding(mut self, earlier: &Self) -> Self {
        if self.columns != earlier.columns {
            return self;
        }
        let pairs = pairs(&self.segments, &earlier.segments);
        self.highest = earlier.highest;
        for (at, segment) in self.segments.iter_mut().enumerate() {
            segment.number = if let Some((_, old)) = pairs.iter().find(|(new, _)| *new == at) {
                earlier.segments[*old].number
            } else {
                self.highest += 1;
                self.highest
            };
        }
        self.segments.sort_by_key(|segment| segment.number);
        self
    }

    pub fn is_sound(&self) -> bool {
        let is_sound = |segment: &Segment| {
            segment.centre.len() == self.columns.len() && segment.centre.iter().all(|value| value.is_finite())
        };
        !self.segments.is_empty() && !self.columns.is_empty() && self.segments.iter().all(is_sound)
    }
}

/// Places of the new segments beside those of the old ones they succeed: as many pairs as the smaller side has.
fn pairs(new: &[Segment], old: &[Segment]) -> Vec<(usize, usize)> {
    if new.len() > old.len() {
        return pairs(old, new).into_iter().map(|(old, new)| (new, old)).collect();
    }
    // Whole millionths, because the method wants numbers with a total order; distances of standardised inputs are small.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range becomes the largest number"
    )]
    let weight = |new: &Segment, old: &Segment| {
        (squared_distance(&new.centre, &old.centre).sqrt().min(1e9) * 1e6) as i64
    };
    let weights = Weights::from_fn(new.len(), old.len(), |(row, column)| weight(&new[row], &old[column]));
    kuhn_munkres_min(&weights).1.into_iter().enumerate().collect()
}
