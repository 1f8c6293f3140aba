//! What comes out of a case beside what it expects.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use super::bench::Bench;
use super::file::Case;
use super::write::NULL;
use crate::difference::is_close;
use crate::output::Table;

const ROW: &str = "(row)";

/// A cell that differs, or a row that is on one side alone: `there` or `missing` then.
#[derive(Debug, Clone, Serialize)]
pub struct Differing {
    pub key: Vec<String>,
    pub column: String,
    pub expected: String,
    pub got: String,
}

/// A row that is expected, and the row that came out in its place; by their positions.
pub type Pair = (Option<usize>, Option<usize>);

#[derive(Debug, Clone)]
pub struct Outcome {
    /// What came out.
    pub rows: Vec<Vec<String>>,
    /// Rows that are not as expected.
    pub pairs: Vec<Pair>,
    /// Positions of the columns that say which row it is.
    key: Vec<usize>,
    pub time: Duration,
}

impl Outcome {
    pub fn of(bench: &mut Bench<'_>, case: &Case, key: &[String]) -> Result<Self> {
        let started = Instant::now();
        let rows = bench.rows(case)?;
        let columns = &case.expect.columns;
        let key: Vec<usize> =
            key.iter().filter_map(|name| columns.iter().position(|own| own == name)).collect();
        let pairs = pairs(case, &rows, &key);
        Ok(Self { rows, pairs, key, time: started.elapsed() })
    }

    pub fn is_ok(&self) -> bool {
        self.pairs.is_empty()
    }

    pub fn differences(&self, case: &Case) -> Vec<Differing> {
        let mut all = Vec::new();
        for (expected, got) in &self.pairs {
            let expected = expected.map(|at| &case.expect.rows[at].cells);
            let got = got.map(|at| &self.rows[at]);
            let Some(either) = expected.or(got) else { continue };
            let key: Vec<String> = self.key.iter().map(|at| either[*at].clone()).collect();
            let differing = |column: &str, expected: &str, got: &str| Differing {
                key: key.clone(),
                column: column.to_owned(),
                expected: expected.to_owned(),
                got: got.to_owned(),
            };
            let (Some(expected), Some(got)) = (expected, got) else {
                let word = |row: Option<_>| if row.is_some() { "there" } else { "missing" };
                all.push(differing(ROW, word(expected), word(got)));
                continue;
            };
            let cells = case.expect.columns.iter().zip(expected.iter().zip(got));
            let apart = cells.filter(|(_, (expected, got))| !is_same(expected, got));
            all.extend(apart.map(|(column, (expected, got))| differing(column, expected, got)));
        }
        all
    }

    /// The same as a table, to be printed.
    pub fn table(&self, case: &Case) -> Table {
        let key = self.key.iter().map(|at| case.expect.columns[*at].as_str());
        let columns: Vec<&str> = key.chain(["column", "expected", "got"]).collect();
        let mut table = Table::new(&columns);
        for Differing { key, column, expected, got } in self.differences(case) {
            table.push([key, vec![column, expected, got]].concat());
        }
        table
    }
}

/// The rows that are not the same, side by side by their key.
fn pairs(case: &Case, rows: &[Vec<String>], key: &[usize]) -> Vec<Pair> {
    let mut open: Vec<usize> = (0..rows.len()).collect();
    let mut take = |is_it: &dyn Fn(&[String]) -> bool| {
        let at = open.iter().position(|at| is_it(&rows[*at]))?;
        Some(open.remove(at))
    };
    let same =
        |cells: &[String], row: &[String]| cells.iter().zip(row).all(|(cell, other)| is_same(cell, other));
    let expected = case.expect.rows.iter().enumerate();
    let apart: Vec<_> =
        expected.filter(|(_, row)| take(&|other| same(&row.cells, other)).is_none()).collect();
    let mut pairs: Vec<Pair> = Vec::new();
    for (at, row) in apart {
        let is_its =
            |other: &[String]| key.iter().all(|column| is_same(&row.cells[*column], &other[*column]));
        pairs.push((Some(at), take(&is_its)));
    }
    pairs.extend(open.into_iter().map(|at| (None, Some(at))));
    pairs
}

/// Cells are the same text, or numbers that are as good as equal.
pub fn is_same(expected: &str, got: &str) -> bool {
    let are_close = || Some(is_close(expected.parse().ok()?, got.parse().ok()?));
    expected == got || expected.is_empty() && got == NULL || are_close() == Some(true)
}
