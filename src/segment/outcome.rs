//! What followed in each segment: the share of the label, and how well segments tell apart those whom it came true for.

use anyhow::Result;
use chrono::NaiveDate;

use super::choose::Tried;
use crate::dataset::Dataset;
use crate::learn::{Clustering, Metric, Scored};

/// The rows of a snapshot whose label is known: their segments, by place, and their labels.
struct Past {
    segments: Vec<usize>,
    labels: Vec<bool>,
}

/// The snapshots whose labels were known by `as_of`, the newest first.
fn settled(data: &Dataset, as_of: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let mut dates = data.dates.clone();
    dates.dedup();
    dates.into_iter().rev().filter(move |date| data.is_settled(&data.of(*date), as_of))
}

impl Past {
    fn read(all: &Dataset, clustering: &Clustering, date: NaiveDate, as_of: NaiveDate) -> Result<Self> {
        let rows: Vec<usize> = all.of(date).into_iter().filter(|&row| all.is_known(row, as_of)).collect();
        Ok(Self { segments: clustering.places(&all.matrix.select(&rows))?, labels: all.truth(&rows) })
    }

    /// The share of positive labels in each segment; `None` in one without rows.
    fn shares(&self, segments: usize) -> Vec<Option<f64>> {
        let mut counts = vec![(0.0, 0.0); segments];
        for (&at, &label) in self.segments.iter().zip(&self.labels) {
            counts[at].0 += f64::from(u8::from(label));
            counts[at].1 += 1.0;
        }
        counts.into_iter().map(|(positives, rows)| (rows > 0.0).then(|| positives / rows)).collect()
    }

    /// The same of all rows.
    fn share(&self) -> f64 {
        self.labels.iter().filter(|label| **label).count() as f64 / self.labels.len() as f64
    }
}

/// The share of the label in each segment, by its place, at the newest snapshot whose labels were known by `as_of`, and
/// that snapshot.
pub fn followed(
    data: &Dataset,
    clustering: &Clustering,
    as_of: NaiveDate,
) -> Result<Vec<Option<(f64, NaiveDate)>>> {
    let segments = clustering.segments().len();
    let Some(newest) = settled(data, as_of).next() else { return Ok(vec![None; segments]) };
    let shares = Past::read(data, clustering, newest, as_of)?.shares(segments);
    Ok(shares.into_iter().map(|share| Some((share?, newest))).collect())
}

/// Measures by ROC AUC how well the segments of each of those `tried` foretell the label: at the newest snapshot whose
/// labels were known by `as_of` each row has the share of its segment at the snapshot before.
pub fn measure(tried: &mut [Tried], data: &Dataset, as_of: NaiveDate) -> Result<()> {
    let mut dates = settled(data, as_of);
    let (Some(newest), Some(before)) = (dates.next(), dates.next()) else { return Ok(()) };
    for one in tried {
        let before = Past::read(data, &one.clustering, before, as_of)?;
        let newest = Past::read(data, &one.clustering, newest, as_of)?;
        let shares = before.shares(one.clustering.segments().len());
        let scores: Vec<f64> =
            newest.segments.iter().map(|&at| shares[at].unwrap_or_else(|| before.share())).collect();
        one.outcome = Scored::new(&newest.labels, &scores)?.metric(Metric::RocAuc);
    }
    Ok(())
}
