//! Rows as the text of a case has them.

use crate::warehouse::joined;

/// How a cell without a value is written.
pub const NULL: &str = "null";

/// Rows of cells under named columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cells {
    pub table: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Cells {
    fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Whether no row has a value of this column.
    pub fn is_empty(&self, name: &str) -> bool {
        self.position(name).is_none_or(|at| self.rows.iter().all(|row| row[at] == NULL))
    }

    pub fn drop_column(&mut self, name: &str) {
        if let Some(at) = self.position(name) {
            self.columns.remove(at);
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }

    /// The header and the rows, in columns of one width.
    pub fn lines(&self) -> String {
        let all = || std::iter::once(&self.columns).chain(&self.rows);
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|at| all().map(|row| row[at].chars().count()).max().unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            format!("  {}\n", joined(cells, " | ").trim_end())
        };
        all().map(line).collect()
    }
}
