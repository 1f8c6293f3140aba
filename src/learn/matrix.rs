//! The table of numbers that learners see: named columns of finite f64, stored column by column.

use anyhow::{Result, ensure};

/// Rows x named columns of finite numbers, column-major.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    columns: Vec<String>,
    values: Vec<Vec<f64>>,
    rows: usize,
}

impl Matrix {
    /// Names of the columns, in their order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values of one column, `rows()` of them.
    pub fn column(&self, index: usize) -> &[f64] {
        &self.values[index]
    }

    /// The rows of `indices`, in that order; an index may come more than once.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let pick = |column: &Vec<f64>| indices.iter().map(|&row| column[row]).collect();
        Self {
            columns: self.columns.clone(),
            values: self.values.iter().map(pick).collect(),
            rows: indices.len(),
        }
    }

    /// The same table with one column in another order of rows: what permutation importance asks for.
    #[must_use]
    pub fn with_permuted(&self, column: usize, order: &[usize]) -> Self {
        let mut copy = self.clone();
        copy.values[column] = order.iter().map(|&row| self.values[column][row]).collect();
        copy
    }

    /// The same table with one value in all rows of a column: what partial dependence asks for.
    #[must_use]
    pub fn with_constant(&self, column: usize, value: f64) -> Self {
        let mut other = self.clone();
        other.values[column].fill(value);
        other
    }

    /// Some rows, one after another: learners read whole rows, and a block of them stays in the cache.
    pub fn row_major(&self, rows: &[usize]) -> Vec<f64> {
        let width = self.values.len();
        let mut block = vec![0.0; rows.len() * width];
        for (index, column) in self.values.iter().enumerate() {
            for (slot, &row) in block.iter_mut().skip(index).step_by(width).zip(rows) {
                *slot = column[row];
            }
        }
        block
    }

    /// All rows, one after another.
    pub fn all_row_major(&self) -> Vec<f64> {
        self.row_major(&(0..self.rows).collect::<Vec<_>>())
    }
}

/// Collects a [`Matrix`] from batches, for instance Arrow record batches, without a detour through rows.
#[derive(Debug, Clone)]
pub struct MatrixBuilder {
    matrix: Matrix,
}

impl MatrixBuilder {
    /// An empty table with these columns; `rows` is the expected number of rows, 0 if unknown.
    pub fn new(columns: Vec<String>, rows: usize) -> Self {
        let values = columns.iter().map(|_| Vec::with_capacity(rows)).collect();
        Self { matrix: Matrix { columns, values, rows: 0 } }
    }

    /// Appends a batch: one slice a column, all of one length.
    pub fn append(&mut self, batch: &[&[f64]]) -> Result<()> {
        let Matrix { columns, values, rows } = &mut self.matrix;
        ensure!(batch.len() == columns.len(), "{} columns expected, {} given", columns.len(), batch.len());
        let length = batch.first().map_or(0, |column| column.len());
        for (name, part) in columns.iter().zip(batch) {
            ensure!(part.len() == length, "column `{name}` has {} rows, others {length}", part.len());
            if let Some(row) = part.iter().position(|value| !value.is_finite()) {
                anyhow::bail!(
                    "input `{name}` is {} in row {}: inputs must be numbers, without NULL",
                    part[row],
                    *rows + row
                );
            }
        }
        for (column, part) in values.iter_mut().zip(batch) {
            column.extend_from_slice(part);
        }
        *rows += length;
        Ok(())
    }

    /// The table of all batches.
    pub fn finish(self) -> Matrix {
        self.matrix
    }
}
