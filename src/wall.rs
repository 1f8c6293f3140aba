//! The wall before scores: rows, inputs and scores that are not like what a version was trained on.
//!
//! PSI (population stability index) of an input: the sum over its bins of (share now - share then) x ln(share now / share
//! then). The bins are the tenths of the training rows. One date always differs from the mean of many, by season or because
//! an input is the same for all rows of a date: so what is usual is the largest PSI that a snapshot of the training had.

use anyhow::Result;
use chrono::NaiveDate;

use crate::dataset::Pulled;
use crate::learn::Matrix;
use crate::score::Job;
use crate::warehouse::{SqlError, Warehouse};

/// Fewer rows say nothing of a distribution.
const FEWEST: usize = 50;
/// A PSI is too large beyond this, and beyond as many times what was usual. Seasons and growth stay below (the largest of a
/// month was 1.4 on the public data); a wrong unit, or one value for all, is above.
const LARGE_PSI: f64 = 3.0;
const TIMES_USUAL: f64 = 2.0;
/// Of the rows that the last dates had.
const SMALLEST_SHARE: f64 = 0.1;
const BINS: usize = 10;

/// What an input was like in training.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub name: String,
    /// Upper edges of all bins but the last.
    pub edges: Vec<f64>,
    pub shares: Vec<f64>,
    /// The largest PSI of a snapshot.
    pub usual_psi: f64,
    /// Whether rows of one snapshot differ in it.
    pub varies: bool,
}

/// All inputs of the training rows, whose snapshots are `dates`.
pub fn inputs(x: &Matrix, dates: &[NaiveDate]) -> Vec<Input> {
    let mut snapshots: std::collections::BTreeMap<NaiveDate, Vec<usize>> = std::collections::BTreeMap::new();
    for (row, date) in dates.iter().enumerate() {
        snapshots.entry(*date).or_default().push(row);
    }
    let input = |(at, name): (usize, &String)| {
        let values = x.column(at);
        let edges = edges(values);
        let shares = shares(values.iter().copied(), &edges);
        let of = |rows: &Vec<usize>| shares_of_rows(values, rows, &edges);
        let large = snapshots.values().filter(|rows| rows.len() >= FEWEST);
        let usual_psi = large.map(|rows| psi(&shares, &of(rows))).fold(0.0, f64::max);
        let of_rows = |rows: &Vec<usize>| rows.iter().map(|&row| values[row]).collect::<Vec<_>>();
        let varies = snapshots.values().any(|rows| !all_equal(&of_rows(rows)));
        Input { name: name.clone(), edges, shares, usual_psi, varies }
    };
    x.columns().iter().enumerate().map(input).collect()
}

fn all_equal(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq())
}

/// The tenths of the values, each once.
fn edges(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> =
        (1..BINS).filter_map(|tenth| sorted.get(sorted.len() * tenth / BINS).copied()).collect();
    edges.dedup();
    edges
}

fn shares_of_rows(values: &[f64], rows: &[usize], edges: &[f64]) -> Vec<f64> {
    shares(rows.iter().map(|&row| values[row]), edges)
}

fn shares(values: impl Iterator<Item = f64>, edges: &[f64]) -> Vec<f64> {
    // Half a row in each bin: an empty one would make the PSI infinite.
    let mut counts = vec![0.5; edges.len() + 1];
    for value in values {
        counts[edges.partition_point(|edge| *edge < value)] += 1.0;
    }
    let all: f64 = counts.iter().sum();
    counts.iter().map(|count| count / all).collect()
}

fn psi(then: &[f64], now: &[f64]) -> f64 {
    then.iter().zip(now).map(|(then, now)| (now - then) * (now / then).ln()).sum()
}

/// What of a date does not look like what the version knows, with the numbers. `scores` has one number a row: the
/// probability, or the segment.
pub fn complaints(job: &Job<'_>, pulled: &Pulled, scores: &[f64]) -> Result<Vec<String>> {
    let mut found = rows(job)?.into_iter().collect::<Vec<_>>();
    if scores.len() < FEWEST {
        return Ok(found);
    }
    // A back-cast is asked what it thinks of another time: that inputs were other ones then is no surprise.
    let is_forecast = job.version.trained_through <= job.date;
    for input in read(job.warehouse, &job.version.model, job.version.number)? {
        let Some(at) = pulled.matrix.columns().iter().position(|name| *name == input.name) else { continue };
        let values = pulled.matrix.column(at);
        if input.varies && all_equal(values) {
            found.push(format!("input `{}` is {} in all {} rows", input.name, values[0], values.len()));
            continue;
        }
        let psi = psi(&input.shares, &shares(values.iter().copied(), &input.edges));
        if is_forecast && psi > LARGE_PSI.max(TIMES_USUAL * input.usual_psi) {
            found.push(format!(
                "input `{}` is far from what was trained on: PSI {psi:.2}, where {:.2} was the most of a snapshot",
                input.name, input.usual_psi
            ));
        }
    }
    if all_equal(scores) {
        found.push(format!("all {} rows get the same, {}", scores.len(), scores[0]));
    }
    Ok(found)
}

/// Whether the ABT has a tenth of the rows that it had at the last dates, or fewer.
fn rows(job: &Job<'_>) -> Result<Option<String>> {
    let sql = "
        with recent as (
            select rows from pipeline.partitions where table_name = ? and reference_date < ?
            order by reference_date desc limit 6
        )
        select rows, (select median(rows) from recent) from pipeline.partitions
        where table_name = ? and reference_date = ?";
    for table in &job.model.refs {
        let read = |row: &duckdb::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<f64>>(1)?));
        let counts = job.warehouse.row(sql, &[table, &job.date, table, &job.date], read)?;
        if let Some((now, Some(usual))) = counts
            && usual >= FEWEST as f64
            && now as f64 <= SMALLEST_SHARE * usual
        {
            return Ok(Some(format!("{table} has {now} rows, where the last dates had {usual:.0}")));
        }
    }
    Ok(None)
}

/// Keeps what the inputs of a version were like, in the transaction of the version.
pub fn keep(warehouse: &Warehouse, model: &str, version: i32, inputs: &[Input]) -> Result<()> {
    for input in inputs {
        let [edges, shares] = [&input.edges, &input.shares].map(serde_json::to_string);
        warehouse.execute(
            "insert into registry.inputs (model, version, input, edges, shares, usual_psi, varies)
             select ?, ?, ?, from_json(?, '[\"double\"]'), from_json(?, '[\"double\"]'), ?, ?",
            &[&model, &version, &input.name, &edges?, &shares?, &input.usual_psi, &input.varies],
        )?;
    }
    Ok(())
}

fn read(warehouse: &Warehouse, model: &str, version: i32) -> Result<Vec<Input>, SqlError> {
    let sql = "select input, to_json(edges)::varchar, to_json(shares)::varchar, usual_psi, varies
        from registry.inputs where model = ? and version = ?";
    warehouse.rows(sql, &[&model, &version], |row| {
        let list = |at| -> duckdb::Result<Vec<f64>> {
            Ok(serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default())
        };
        Ok(Input {
            name: row.get(0)?,
            edges: list(1)?,
            shares: list(2)?,
            usual_psi: row.get(3)?,
            varies: row.get(4)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_distribution_has_no_psi_and_another_one_has() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let edges = edges(&values);
        assert_eq!(edges.len(), 9);
        let then = shares(values.iter().copied(), &edges);
        assert!(psi(&then, &then).abs() < 1e-12);
        assert!(psi(&then, &shares(values.iter().map(|value| value / 10.0), &edges)) > 2.0);
    }

    #[test]
    fn the_formula_is_that_of_the_textbook() {
        // (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5)
        assert!((psi(&[0.5, 0.5], &[0.6, 0.4]) - 0.040_546_5).abs() < 1e-6);
    }
}
