//! What followed in each segment: the share of the label, and how well segments tell apart those whom it came true for.

use anyhow::Result;
use chrono::NaiveDate;

use super::choose::Tried;
use crate::dataset::Dataset;
use crate::learn::{Clustering, Metric, Scored};

/// The rows of a snapshot whose label is known: their segments, by place, and their labels.
struct Past {
    date: NaiveDate,
    segments: Vec<usize>,
    labels: Vec<bool>,
}

/// The snapshots whose labels were known by `as_of`, the newest first.
fn settled(data: &Dataset, as_of: NaiveDate) -> Vec<NaiveDate> {
    let mut dates = data.dates.clone();
    dates.dedup();
    dates.reverse();
    dates.retain(|date| data.is_settled(&data.of(*date), as_of));
    dates
}

impl Past {
    fn read(all: &Dataset, clustering: &Clustering, date: NaiveDate, as_of: NaiveDate) -> Result<Self> {
        let rows: Vec<usize> = all.of(date).into_iter().filter(|&row| all.is_known(row, as_of)).collect();
        let assigned = clustering.assign(&all.matrix.select(&rows))?;
        let segments = assigned.into_iter().map(|(at, _)| at).collect();
        Ok(Self { date, segments, labels: all.truth(&rows) })
    }

    /// The share of positive labels in the segment at `place`, or in all.
    fn share(&self, place: Option<usize>) -> Option<f64> {
        let rows = self.segments.iter().zip(&self.labels);
        let labels: Vec<bool> =
            rows.filter(|(at, _)| place.is_none_or(|place| **at == place)).map(|(_, label)| *label).collect();
        let positives = labels.iter().filter(|label| **label).count();
        (!labels.is_empty()).then(|| positives as f64 / labels.len() as f64)
    }
}

/// The share of the label in each segment, by its place, at the newest snapshot whose labels were known by `as_of`, and
/// that snapshot.
pub fn followed(
    data: &Dataset,
    clustering: &Clustering,
    as_of: NaiveDate,
) -> Result<Vec<Option<(f64, NaiveDate)>>> {
    let past =
        settled(data, as_of).first().map(|date| Past::read(data, clustering, *date, as_of)).transpose()?;
    let share = |place| past.as_ref().and_then(|past| Some((past.share(Some(place))?, past.date)));
    Ok((0..clustering.segments().len()).map(share).collect())
}

/// Measures by ROC AUC how well the segments of each of those `tried` foretell the label: at the newest snapshot whose
/// labels were known by `as_of` each row has the share of its segment at the snapshot before.
pub fn measure(tried: &mut [Tried], data: &Dataset, as_of: NaiveDate) -> Result<()> {
    let [newest, before, ..] = settled(data, as_of)[..] else { return Ok(()) };
    for one in tried {
        let before = Past::read(data, &one.clustering, before, as_of)?;
        let newest = Past::read(data, &one.clustering, newest, as_of)?;
        let share = |place: &usize| before.share(Some(*place)).or_else(|| before.share(None)).unwrap_or(0.5);
        let scores: Vec<f64> = newest.segments.iter().map(share).collect();
        one.outcome = Scored::new(&newest.labels, &scores)?.metric(Metric::RocAuc);
    }
    Ok(())
}
