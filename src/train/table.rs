//! The candidates side by side, to be shown after a training.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::validate::mean;
use crate::learn::Metric;
use crate::output::Table;
use crate::registry::Measured;
use crate::registry::contests::shown;

/// One row a candidate, and below each a row a slice; one column a fold or what is none, and the mean of the folds.
pub fn of(measured: &[Measured], metric: Metric) -> Table {
    let folds: BTreeSet<(NaiveDate, usize)> =
        measured.iter().map(|one| (one.snapshot, one.snapshots)).collect();
    let mut columns = vec![format!("out-of-time {}", metric.name())];
    columns.extend(folds.iter().map(|(first, snapshots)| match snapshots {
        0 => format!("{first} (no fold)"),
        1 => first.to_string(),
        _ => format!("{first} (x{snapshots})"),
    }));
    columns.push("mean".to_owned());
    let mut table = Table::new(&columns);
    let of_metric: Vec<&Measured> = measured.iter().filter(|one| one.metric == metric.name()).collect();
    let mut lines: Vec<(&str, Option<&str>)> = Vec::new();
    for one in &of_metric {
        let line = (one.candidate.as_str(), one.slice.as_deref());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    for (candidate, slice) in lines {
        let mut row = vec![slice.map_or_else(|| candidate.to_owned(), |slice| format!("  {slice}"))];
        for (first, _) in &folds {
            let is_it = |one: &&&Measured| {
                one.candidate == candidate && one.slice.as_deref() == slice && one.snapshot == *first
            };
            row.push(shown(of_metric.iter().find(is_it).and_then(|one| one.value)));
        }
        row.push(shown(mean(measured, candidate, slice, metric)));
        table.push(row);
    }
    table
}
