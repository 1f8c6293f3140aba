//! Drift: inputs and scores that are not like what a version was trained on.
//!
//! PSI (population stability index) of an input: the sum over its bins of (share now - share then) x ln(share now / share
//! then). The bins are the tenths of the training rows. One date always differs from the mean of many, by season or because
//! an input is the same for all rows of a date: so what is usual is the largest PSI that a snapshot of the training had.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::learn::Matrix;
use crate::registry::InputProfile;

/// Fewer rows say nothing of a distribution.
const FEWEST: usize = 50;
/// A PSI is too large beyond this, and beyond as many times what was usual. Seasons and growth stay below (the largest of a
/// month was 1.4 on the public data); a wrong unit, or one value for all, is above.
const LARGE_PSI: f64 = 3.0;
const TIMES_USUAL: f64 = 2.0;
/// An input is cut into so many parts of as many training rows.
const BINS: usize = 10;

/// What the inputs `x` of the training rows are like, whose snapshots are `dates`.
pub fn profiles(x: &Matrix, dates: &[NaiveDate]) -> Vec<InputProfile> {
    let mut snapshots: BTreeMap<NaiveDate, Vec<usize>> = BTreeMap::new();
    for (row, date) in dates.iter().enumerate() {
        snapshots.entry(*date).or_default().push(row);
    }
    let profile = |(at, name): (usize, &String)| {
        let values = x.column(at);
        let of = |rows: &Vec<usize>| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let edges = edges(values);
        let shares = shares(values, &edges);
        let large = snapshots.values().filter(|rows| rows.len() >= FEWEST);
        let usual_psi = large.map(|rows| psi(&shares, &self::shares(&of(rows), &edges))).fold(0.0, f64::max);
        let varies = snapshots.values().any(|rows| !all_equal(&of(rows)));
        InputProfile { name: name.clone(), edges, shares, usual_psi, varies }
    };
    x.columns().iter().enumerate().map(profile).collect()
}

/// Every input that `x` has: what was usual, its values now, and their PSI.
pub fn of_inputs<'a>(
    known: &'a [InputProfile],
    x: &'a Matrix,
) -> impl Iterator<Item = (&'a InputProfile, &'a [f64], f64)> {
    known.iter().filter_map(|input| {
        let values = x.column(x.columns().iter().position(|name| *name == input.name)?);
        Some((input, values, psi(&input.shares, &shares(values, &input.edges))))
    })
}

/// What of the inputs `x` of a date and of their `scores`, a number a row, does not look like the training, with the
/// numbers. Of a back-cast it is no surprise that inputs were others then: only a forecast is asked for that.
pub fn complaints(known: &[InputProfile], x: &Matrix, scores: &[f64], is_forecast: bool) -> Vec<String> {
    if scores.len() < FEWEST {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (input, values, psi) in of_inputs(known, x) {
        if input.varies && all_equal(values) {
            found.push(format!("input `{}` is {} in all {} rows", input.name, values[0], values.len()));
        } else if is_forecast && psi > LARGE_PSI.max(TIMES_USUAL * input.usual_psi) {
            found.push(format!(
                "input `{}` is far from what was trained on: PSI {psi:.2}, where {:.2} was the most of a snapshot",
                input.name, input.usual_psi
            ));
        }
    }
    if all_equal(scores) {
        found.push(format!("all {} rows get the same, {}", scores.len(), scores[0]));
    }
    found
}

fn all_equal(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq())
}

/// The tenths of the values, each once.
pub fn edges(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> =
        (1..BINS).filter_map(|tenth| sorted.get(sorted.len() * tenth / BINS).copied()).collect();
    edges.dedup();
    edges
}

/// The share of the values in each bin.
pub fn shares(values: &[f64], edges: &[f64]) -> Vec<f64> {
    // Half a row in each bin: an empty one would make the PSI infinite.
    let mut counts = vec![0.5; edges.len() + 1];
    for value in values {
        counts[edges.partition_point(|edge| edge < value)] += 1.0;
    }
    let all: f64 = counts.iter().sum();
    counts.iter().map(|count| count / all).collect()
}

/// The index of two lists of shares.
pub fn psi(then: &[f64], now: &[f64]) -> f64 {
    then.iter().zip(now).map(|(then, now)| (now - then) * (now / then).ln()).sum()
}
