//! Rows that went missing: more often cut off than true.

/// Of fewer rows than these, a tenth says nothing.
const FEWEST: f64 = 100.0;

/// Whether nine of ten of the `usual` rows are gone.
pub fn is_most(rows: i64, usual: f64) -> bool {
    usual >= FEWEST && rows as f64 <= usual / 10.0
}
