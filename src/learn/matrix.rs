//! The table of numbers that learners see: named columns of finite f64, stored column by column.

/// Rows x named columns of finite numbers, column-major.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    columns: Vec<String>,
    values: Vec<Vec<f64>>,
}

impl Matrix {
    pub fn new(columns: Vec<String>) -> Self {
        Self { values: vec![Vec::new(); columns.len()], columns }
    }

    /// Adds rows: a slice for each column, all of one length.
    pub fn append(&mut self, batch: &[&[f64]]) {
        for (column, part) in self.values.iter_mut().zip(batch) {
            column.extend_from_slice(part);
        }
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn rows(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    pub fn column(&self, index: usize) -> &[f64] {
        &self.values[index]
    }

    /// The rows of `indices`, in that order; an index may come more than once.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let pick = |column: &Vec<f64>| indices.iter().map(|&row| column[row]).collect();
        Self { columns: self.columns.clone(), values: self.values.iter().map(pick).collect() }
    }

    /// The same table with other values in one column.
    #[must_use]
    pub fn with(&self, column: usize, values: Vec<f64>) -> Self {
        let mut other = self.clone();
        other.values[column] = values;
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

    pub fn all_row_major(&self) -> Vec<f64> {
        self.row_major(&(0..self.rows()).collect::<Vec<_>>())
    }
}
