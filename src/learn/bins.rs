//! Columns as small whole numbers, for learners that fit many trees to the same rows.
//!
//! At most 256 bins a column, each with about the same number of rows, as histogram-based boosting has them (Ke et
//! al., `LightGBM`, 2017). A byte a value makes smartcore's sorting and splitting about twice as fast.

use super::matrix::Matrix;
use rayon::prelude::*;

pub struct Bins(Vec<Binned>);

struct Binned {
    /// Bin b holds the values up to `cuts[b]`; the last bin the rest.
    cuts: Vec<f64>,
    codes: Vec<u8>,
}

impl Bins {
    pub fn new(matrix: &Matrix) -> Self {
        let columns = 0..matrix.columns().len();
        Self(columns.into_par_iter().map(|index| Binned::new(matrix.column(index))).collect())
    }

    /// A value's bin for every row.
    pub fn codes(&self, column: usize) -> &[u8] {
        &self.0[column].codes
    }

    /// The bins of a row after those of another: a byte each, all of a row's in a cache line or two.
    pub fn row_major(&self) -> Vec<u8> {
        let (width, rows) = (self.0.len(), self.0.first().map_or(0, |column| column.codes.len()));
        let mut all = vec![0; width * rows];
        for (index, column) in self.0.iter().enumerate() {
            all.iter_mut()
                .skip(index)
                .step_by(width)
                .zip(&column.codes)
                .for_each(|(slot, code)| *slot = *code);
        }
        all
    }

    /// The value up to which a row's bin is at most `code`, for a `code` that splits the rows seen.
    pub fn threshold(&self, column: usize, code: f64) -> f64 {
        let cuts = &self.0[column].cuts;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "codes are between 0 and 255"
        )]
        let bin = (code as usize).min(cuts.len().saturating_sub(1));
        cuts.get(bin).copied().unwrap_or(f64::MAX)
    }
}

impl Binned {
    fn new(values: &[f64]) -> Self {
        let cuts = cuts(values);
        let code = |value: &f64| u8::try_from(cuts.partition_point(|cut| cut < value)).unwrap_or(u8::MAX);
        let codes = values.iter().map(code).collect();
        Self { cuts, codes }
    }
}

/// Up to 255 points between neighbouring different values, so that bins are of about one size and a frequent value,
/// such as the 0 of many columns, has one of its own.
fn cuts(values: &[f64]) -> Vec<f64> {
    const BINS: usize = 256;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let runs: Vec<&[f64]> = sorted.chunk_by(|left, right| left >= right).collect();
    let mut cuts = Vec::with_capacity(BINS - 1);
    let (mut left, mut gathered) = (sorted.len(), 0);
    for pair in runs.windows(2) {
        gathered += pair[0].len();
        // What is left is shared by the bins that are left, since a frequent value may have filled more than one.
        let full = |rows: usize| rows * (BINS - cuts.len()) >= left;
        if runs.len() <= BINS || (cuts.len() + 1 < BINS && (full(gathered) || full(pair[1].len()))) {
            cuts.push(between(pair[0][0], pair[1][0]));
            left -= gathered;
            gathered = 0;
        }
    }
    cuts
}

/// A point from `low` up to, but not including, `high`.
fn between(low: f64, high: f64) -> f64 {
    let middle = low + (high - low) / 2.0;
    // Between neighbouring floats, or where the difference overflows, there is no middle.
    if middle < high { middle } else { low }
}
