//! The candidates side by side, to be shown after a training.

use chrono::NaiveDate;

use super::validate::{Outcome, mean};
use crate::learn::Metric;
use crate::output::Table;

/// One row a candidate, and below each a row a slice; one column a fold, and the mean of the folds.
pub fn of(outcomes: &[Outcome], metric: Metric) -> Table {
    let mut folds: Vec<(NaiveDate, usize)> =
        outcomes.iter().map(|outcome| (outcome.snapshot, outcome.snapshots)).collect();
    folds.sort_unstable();
    folds.dedup();
    let mut columns = vec![format!("out-of-time {}", metric.name())];
    columns.extend(folds.iter().map(|(first, snapshots)| match snapshots {
        1 => first.to_string(),
        _ => format!("{first} (x{snapshots})"),
    }));
    columns.push("mean".to_owned());
    let mut table = Table::new(&columns);
    let mut lines: Vec<(&str, Option<&str>)> = Vec::new();
    for outcome in outcomes {
        let line = (outcome.candidate.as_str(), outcome.slice.as_deref());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    for (candidate, slice) in lines {
        let mut row = vec![slice.map_or_else(|| candidate.to_owned(), |slice| format!("  {slice}"))];
        let of_line =
            |outcome: &&Outcome| outcome.candidate == candidate && outcome.slice.as_deref() == slice;
        for (first, _) in &folds {
            let outcome = outcomes.iter().filter(of_line).find(|outcome| outcome.snapshot == *first);
            let value = outcome.and_then(|outcome| outcome.value(metric));
            row.push(value.map_or_else(String::new, |value| format!("{value:.4}")));
        }
        let mean = mean(outcomes, candidate, slice, metric);
        row.push(mean.map_or_else(String::new, |value| format!("{value:.4}")));
        table.push(row);
    }
    table
}
