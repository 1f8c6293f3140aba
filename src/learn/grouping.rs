//! How good groups are: how far apart, and whether other rows would give the same ones.

use super::algorithm::KMeansSettings;
use super::interval::{mean, mean_of};
use super::kmeans::{Clustering, cluster, squared_distance};
use super::matrix::Matrix;
use super::random::Random;
use crate::interrupt;
use anyhow::Result;
use rayon::prelude::*;
use std::collections::HashMap;

/// Rows that the silhouette is computed on at most: its cost grows with their square.
const SILHOUETTE_ROWS: usize = 4000;
/// Resamples behind the stability, their rows at most, and the starts of each.
const RESAMPLES: u64 = 20;
const RESAMPLE_ROWS: usize = 10_000;
const RESAMPLE_STARTS: usize = 5;

/// Mean silhouette (Rousseeuw, Silhouettes, 1987): for each row `(b - a) / max(a, b)`, with `a` its mean distance to the
/// other rows of its group and `b` that to the nearest other group; 0 for a row alone in its group. -1..1, more is
/// better. Of more than 4000 rows, 4000 are drawn. `None` with fewer than two groups.
pub fn silhouette(x: &Matrix, groups: &[usize], seed: u64) -> Option<f64> {
    let chosen = Random::new(seed, 0).sample(x.rows(), SILHOUETTE_ROWS);
    let width = x.columns().len();
    let values = x.row_major(&chosen);
    let groups: Vec<usize> = chosen.iter().map(|&row| groups[row]).collect();
    let count = groups.iter().max()? + 1;
    let mut sizes = vec![0.0; count];
    for &group in &groups {
        sizes[group] += 1.0;
    }
    if sizes.iter().filter(|&&size| size > 0.0).count() < 2 {
        return None;
    }
    let of_row = |row: usize| {
        let own = &values[row * width..(row + 1) * width];
        let mut sums = vec![0.0; count];
        for (other, &group) in values.chunks_exact(width).zip(&groups) {
            sums[group] += squared_distance(own, other).sqrt();
        }
        let mine = groups[row];
        if sizes[mine] < 2.0 {
            return 0.0;
        }
        let within = sums[mine] / (sizes[mine] - 1.0);
        let others = (0..count).filter(|&group| group != mine && sizes[group] > 0.0);
        let between = others.map(|group| sums[group] / sizes[group]).fold(f64::INFINITY, f64::min);
        let larger = within.max(between);
        if larger > 0.0 { (between - within) / larger } else { 0.0 }
    };
    let each: Vec<f64> = (0..groups.len()).into_par_iter().map(of_row).collect();
    Some(mean(&each))
}

/// Adjusted Rand index of two groupings of the same rows (Hubert, Arabie, Comparing partitions, 1985): 1 when they are
/// the same but for the numbers, around 0 when they agree by chance only.
pub fn adjusted_rand_index(left: &[usize], right: &[usize]) -> f64 {
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let mut cells: HashMap<(usize, usize), f64> = HashMap::new();
    let (mut lefts, mut rights): (HashMap<usize, f64>, HashMap<usize, f64>) = Default::default();
    for (&left, &right) in left.iter().zip(right) {
        *cells.entry((left, right)).or_default() += 1.0;
        *lefts.entry(left).or_default() += 1.0;
        *rights.entry(right).or_default() += 1.0;
    }
    // Sums of whole numbers: exact whatever the order of a map.
    let sum = |counts: &mut dyn Iterator<Item = &f64>| counts.map(|&n| pairs(n)).sum::<f64>();
    let both = sum(&mut cells.values());
    let (in_left, in_right) = (sum(&mut lefts.values()), sum(&mut rights.values()));
    let expected = in_left * in_right / pairs(left.len() as f64).max(1.0);
    let largest = f64::midpoint(in_left, in_right);
    if (largest - expected).abs() < f64::EPSILON { 1.0 } else { (both - expected) / (largest - expected) }
}

/// Mean adjusted Rand index between `clustering` and those of 20 resamples of its rows, drawn with replacement, all
/// applied to all rows: would other sellers of the same kind give the same groups?
pub fn stability(
    settings: &KMeansSettings,
    clustering: &Clustering,
    x: &Matrix,
    seed: u64,
) -> Result<Option<f64>> {
    let x = &x.select(&Random::new(seed, 1).sample(x.rows(), RESAMPLE_ROWS));
    let whole = clustering.places(x)?;
    let settings = KMeansSettings { restarts: settings.restarts.min(RESAMPLE_STARTS), ..settings.clone() };
    let of_resample = |resample: u64| -> Result<Option<f64>> {
        interrupt::check()?;
        let mut random = Random::new(seed, 2 + resample);
        let drawn: Vec<usize> = (0..x.rows()).map(|_| random.below(x.rows())).collect();
        // A resample of a few rows may not have enough different ones.
        let Ok(other) = cluster(&settings, &x.select(&drawn), random.next_u64()) else { return Ok(None) };
        Ok(Some(adjusted_rand_index(&whole, &other.places(x)?)))
    };
    let all: Vec<Option<f64>> = (0..RESAMPLES).into_par_iter().map(of_resample).collect::<Result<_>>()?;
    Ok(mean_of(all.into_iter()))
}
