//! A case as text.

use chrono::NaiveDate;

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
    fn lines(&self) -> String {
        let all = || std::iter::once(&self.columns).chain(&self.rows);
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|at| all().map(|row| row[at].chars().count()).max().unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            format!("  {}\n", cells.join(" | ").trim_end())
        };
        all().map(line).collect()
    }
}

pub struct Draft<'a> {
    pub title: &'a str,
    pub comment: &'a [String],
    pub date: NaiveDate,
    pub until: Option<NaiveDate>,
    pub given: &'a [Cells],
    pub expect: &'a Cells,
    pub condition: Option<&'a str>,
}

impl Draft<'_> {
    pub fn text(&self) -> String {
        let Self { title, date, expect, .. } = self;
        let until = self.until.map(|until| format!("until {until}\n")).unwrap_or_default();
        let given = self.given.iter().map(|rows| format!("given {}\n{}", rows.table, rows.lines()));
        let comment = self.comment.iter().map(|line| format!("# {line}\n"));
        let condition = self.condition.map(|condition| format!("where {condition}\n")).unwrap_or_default();
        format!(
            "case {title}\ndate {date}\n{until}{}{}expect {}\n{condition}{}",
            given.collect::<String>(),
            comment.collect::<String>(),
            expect.table,
            expect.lines()
        )
    }
}
