//! From a model's SELECT at many reference dates to one table of numbers.

mod expression;
mod label;
mod layout;
mod pull;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use duckdb::arrow::array::{ArrayRef, UInt64Array};
use duckdb::arrow::compute::take;

pub use layout::is_number;
pub use pull::{pull, training_rows};

use crate::catalog::{Catalog, Model};
use crate::learn::Matrix;
use crate::template::Rendered;
use crate::warehouse::Warehouse;

/// Share of the labels of a fold that have to be known before it counts.
const SETTLED: f64 = 0.95;

/// Rows of the inputs that go along with a version as an example.
pub const EXAMPLE: usize = 5;

/// Where a model works: its project's files and a warehouse.
#[derive(Clone, Copy)]
pub struct Workspace<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub model: &'a Model,
}

impl Workspace<'_> {
    pub fn snapshot(&self, date: NaiveDate) -> Result<Snapshot> {
        Ok(Snapshot { date, select: self.catalog.render(&self.model.table(), date)? })
    }
}

/// A model's SELECT at a reference date, rendered once.
pub struct Snapshot {
    pub date: NaiveDate,
    pub select: Arc<Rendered>,
}

/// Rows of a model's SELECT: inputs, labels, and the rules computed over them.
#[derive(Default)]
pub struct Dataset {
    pub matrix: Matrix,
    /// `None` where the label is not known yet.
    pub labels: Vec<Option<bool>>,
    pub known_on: Vec<Option<NaiveDate>>,
    pub dates: Vec<NaiveDate>,
    /// The key of each row, as text.
    pub entities: Vec<String>,
    /// The key columns as they came, to be written back.
    pub keys: Vec<(String, ArrayRef)>,
    /// A probability for each row, by the name of the rule. Rules that could not be computed are left out if they
    /// belong to an earlier champion.
    pub rules: BTreeMap<String, Vec<f64>>,
    /// Which rows belong to each slice of the model, in the order of its file.
    pub slices: Vec<(String, Vec<bool>)>,
    /// What each row is worth if its label comes true, in BRL; `None` where the model does not say.
    pub stakes: Vec<Option<f64>>,
    /// Name and type of all columns of the SELECT.
    pub columns: Vec<(String, String)>,
}

impl Dataset {
    pub fn all(&self) -> Vec<usize> {
        (0..self.dates.len()).collect()
    }

    pub fn of(&self, snapshot: NaiveDate) -> Vec<usize> {
        (0..self.dates.len()).filter(|&row| self.dates[row] == snapshot).collect()
    }

    pub fn dates_of(&self, rows: &[usize]) -> Vec<NaiveDate> {
        rows.iter().map(|&row| self.dates[row]).collect()
    }

    pub fn known_by(&self, date: NaiveDate) -> Vec<usize> {
        (0..self.labels.len()).filter(|&row| self.is_known(row, date)).collect()
    }

    /// Whether nearly all labels of `rows` were known by `date`: a few promises may reach far ahead, and waiting for
    /// the last of them would put off validation by months.
    pub fn is_settled(&self, rows: &[usize], date: NaiveDate) -> bool {
        let known = rows.iter().filter(|&&row| self.is_known(row, date)).count();
        !rows.is_empty() && known as f64 >= SETTLED * rows.len() as f64
    }

    pub fn is_known(&self, row: usize, date: NaiveDate) -> bool {
        self.labels[row].is_some() && self.known_on[row].is_some_and(|known| known <= date)
    }

    /// The known labels of `rows`.
    pub fn truth(&self, rows: &[usize]) -> Vec<bool> {
        rows.iter().map(|&row| self.labels[row] == Some(true)).collect()
    }

    pub fn has_both_classes(&self, rows: &[usize]) -> bool {
        [true, false].iter().all(|label| rows.iter().any(|&row| self.labels[row] == Some(*label)))
    }

    pub fn entities_of(&self, rows: &[usize]) -> Vec<&str> {
        rows.iter().map(|&row| self.entities[row].as_str()).collect()
    }

    /// The date through which labels of `rows` were known.
    pub fn trained_through(&self, rows: &[usize]) -> Option<NaiveDate> {
        rows.iter().filter_map(|&row| self.known_on[row]).max()
    }

    pub fn keys_of(&self, rows: &[usize]) -> Result<Vec<(String, ArrayRef)>> {
        let rows = rows.iter().map(|&row| u64::try_from(row)).collect::<Result<Vec<_>, _>>()?;
        let rows = UInt64Array::from(rows);
        self.keys.iter().map(|(name, values)| Ok((name.clone(), take(values, &rows, None)?))).collect()
    }

    pub fn example(&self, rows: &[usize]) -> Vec<Vec<f64>> {
        rows.iter().take(EXAMPLE).map(|&row| self.matrix.row_major(&[row])).collect()
    }

    /// Whether both have the same rows, labels and inputs. Sums of floats differ in the last digits from run to run.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_near = |(one, other): (&f64, &f64)| (one - other).abs() <= 1e-9 * one.abs().max(1.0);
        let mut columns = 0..self.matrix.columns().len();
        (&self.dates, &self.entities, &self.labels, &self.known_on)
            == (&other.dates, &other.entities, &other.labels, &other.known_on)
            && self.matrix.columns() == other.matrix.columns()
            && columns.all(|at| self.matrix.column(at).iter().zip(other.matrix.column(at)).all(is_near))
    }

    /// A digest of everything that is trained on: keys, dates, labels and inputs of `rows`.
    pub fn digest(&self, rows: &[usize]) -> String {
        let mut hasher = blake3::Hasher::new();
        for &row in rows {
            hasher.update(self.entities[row].as_bytes());
            hasher.update(&[0, u8::from(self.labels[row] == Some(true))]);
            hasher.update(self.dates[row].to_string().as_bytes());
        }
        for (at, name) in self.matrix.columns().iter().enumerate() {
            hasher.update(name.as_bytes());
            for &row in rows {
                hasher.update(&self.matrix.column(at)[row].to_le_bytes());
            }
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}
