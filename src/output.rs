//! Tables on stdout: for people, as JSON, or as CSV.

use std::fmt::Display;

use anyhow::Result;
use comfy_table::{CellAlignment, presets};
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::term;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Csv,
    /// Only of `olist models export`.
    #[value(skip)]
    Mlflow,
    /// Only of `olist models export`.
    #[value(skip)]
    Onnx,
    /// Only of `olist models export`.
    #[value(skip)]
    Sql,
}

impl Format {
    /// `mlflow`, `onnx` or `sql`.
    pub fn of_export(word: &str) -> Self {
        match word {
            "sql" => Self::Sql,
            "onnx" => Self::Onnx,
            _ => Self::Mlflow,
        }
    }
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    Ok(term::data(&(serde_json::to_string_pretty(value)? + "\n"))?)
}

/// Blanks between columns.
const GAP: u16 = 2;
/// Texts are not cut to fewer characters than these.
const NARROWEST: usize = 8;

/// Rows of texts under named columns.
#[derive(Debug, Clone, Default)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<S: ToString>(columns: &[S]) -> Self {
        Self { columns: columns.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    /// The rows of another table with the same columns.
    pub fn append(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }

    /// Adds a row; the cells that it lacks at its end are empty.
    pub fn push(&mut self, mut row: Vec<String>) {
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// As `push`, of whatever can be shown.
    pub fn row(&mut self, cells: &[&dyn Display]) {
        self.push(cells.iter().map(ToString::to_string).collect());
    }

    /// With no more than the first `most` rows.
    pub fn truncate(&mut self, most: usize) {
        self.rows.truncate(most);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Prints to stdout. Numbers stand to the right, and are numbers in JSON.
    pub fn print(&self, format: Format) -> Result<()> {
        let text = match format {
            Format::Table | Format::Mlflow | Format::Onnx | Format::Sql => {
                let Some(width) = term::width() else { return Ok(term::data(&self.text())?) };
                let Some(fitted) = self.fitted(width) else {
                    term::data(&self.records())?;
                    term::note("one row a block, because the table is wider than the terminal");
                    return Ok(());
                };
                term::data(&fitted.text())?;
                if fitted.rows != self.rows {
                    term::note("cut to the width of the terminal: --format csv has all of it");
                }
                return Ok(());
            }
            Format::Json => return json(&self.values()),
            Format::Csv => self.csv()?,
        };
        Ok(term::data(&text)?)
    }

    fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().map(move |row| row[column].as_str())
    }

    /// Whether all cells of a column that are not empty are numbers, and there are some.
    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.cells(column).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
    }

    /// So that no row is wider than `width`: names of columns in several lines, and texts cut. `None` where that is not
    /// enough, because an id, a name or a number is shown whole or not at all.
    pub fn fitted(&self, width: usize) -> Option<Self> {
        let columns = 0..self.columns.len();
        let widest = |column: usize| self.cells(column).map(length).max().unwrap_or(0);
        let gaps = usize::from(GAP) * columns.len().saturating_sub(1);
        let is_whole = |column: usize| widest(column).max(length(&self.columns[column]));
        if columns.clone().map(is_whole).sum::<usize>() + gaps <= width {
            return Some(self.clone());
        }
        let in_lines = |column: usize| lines_of(&self.columns[column], widest(column));
        let is_text: Vec<bool> =
            columns.clone().map(|column| self.cells(column).any(|cell| cell.contains(' '))).collect();
        let narrow = |column: usize, most: usize| {
            let cells = if is_text[column] { widest(column).min(most) } else { widest(column) };
            cells.max(length(&in_lines(column)))
        };
        let all = |most: usize| columns.clone().map(|column| narrow(column, most)).sum::<usize>() + gaps;
        let most = (NARROWEST..=width).rev().find(|most| all(*most) <= width)?;
        let cut = |(column, cell): (usize, &String)| {
            let most = narrow(column, most);
            if !is_text[column] || length(cell) <= most {
                return cell.clone();
            }
            cell.chars().take(most - 1).chain(['…']).collect()
        };
        let row = |cells: &Vec<String>| cells.iter().enumerate().map(cut).collect();
        Some(Self {
            columns: columns.clone().map(in_lines).collect(),
            rows: self.rows.iter().map(row).collect(),
        })
    }

    /// The first columns, as many as are no wider than `width` when they are fitted; and the names of the others.
    pub fn first_columns(&self, width: usize) -> (Self, &[String]) {
        let first = |count: usize| Self {
            columns: self.columns[..count].to_vec(),
            rows: self.rows.iter().map(|row| row[..count].to_vec()).collect(),
        };
        let fitting =
            (1..=self.columns.len()).rev().find_map(|count| Some((first(count).fitted(width)?, count)));
        let (table, count) = fitting.unwrap_or_else(|| (first(1), 1));
        (table, &self.columns[count..])
    }

    /// One row a block, with the name of its column before each cell.
    pub fn records(&self) -> String {
        let widest = self.columns.iter().map(|name| length(name)).max().unwrap_or(0);
        let block = |(at, row): (usize, &Vec<String>)| {
            let line = |(name, cell): (&String, &String)| format!("{name:<widest$}  {cell}\n");
            let lines: String = self.columns.iter().zip(row).map(line).collect();
            format!("-[ {} ]-\n{lines}", at + 1)
        };
        self.rows.iter().enumerate().map(block).collect()
    }

    /// As `print` shows it to people.
    pub fn text(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(&self.columns);
        for row in &self.rows {
            table.add_row(row);
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, GAP));
            if self.is_numeric(at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n") + "\n"
    }

    /// The rows as JSON.
    pub fn values(&self) -> Vec<Map<String, Value>> {
        let numeric: Vec<bool> = (0..self.columns.len()).map(|column| self.is_numeric(column)).collect();
        let value = |cell: &String, is_numeric: bool| match serde_json::from_str::<Number>(cell) {
            Ok(number) if is_numeric => Value::Number(number),
            // JSON has no word for a number that is not finite.
            _ if cell.is_empty() || is_numeric && !cell.parse().is_ok_and(f64::is_finite) => Value::Null,
            _ => Value::String(cell.clone()),
        };
        let of_row = |row: &Vec<String>| -> Map<String, Value> {
            let cells = self.columns.iter().zip(row).zip(&numeric);
            cells.map(|((name, cell), is_numeric)| (name.clone(), value(cell, *is_numeric))).collect()
        };
        self.rows.iter().map(of_row).collect()
    }

    /// As CSV, with a header.
    pub fn csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }
}

/// Characters of the longest line.
fn length(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// `seller_` above `id`: a name in lines no longer than `width`, or than its longest part.
fn lines_of(name: &str, width: usize) -> String {
    let parts: Vec<&str> = name.split_inclusive('_').collect();
    let width = parts.iter().map(|part| length(part)).max().unwrap_or(0).max(width);
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if length(line) + length(part) <= width => line.push_str(part),
            _ => lines.push(part.to_owned()),
        }
    }
    lines.join("\n")
}

/// JSON as DuckDB writes it, with `null` for the numbers that JSON does not have.
pub fn strict(json: &str) -> String {
    const ENDLESS: [&str; 4] = ["-Infinity", "Infinity", "-NaN", "NaN"];
    let mut is_text = false;
    // Between quotes are texts and what is between them, by turns; behind an odd number of `\` a quote is of the text.
    let parts = json.split('"').map(|part| {
        let backslashes = part.len() - part.trim_end_matches('\\').len();
        let was_text = is_text;
        is_text = !was_text || backslashes % 2 == 1;
        if was_text || !part.contains(['I', 'N']) {
            return part.to_owned();
        }
        ENDLESS.iter().fold(part.to_owned(), |part, word| part.replace(word, "null"))
    });
    parts.collect::<Vec<_>>().join("\"")
}
