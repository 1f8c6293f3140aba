//! Tables on stdout: for people, as JSON, or as CSV.

use std::collections::BTreeMap;

use anyhow::Result;
use comfy_table::{CellAlignment, presets};
use serde_json::{Map, Value};

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

/// Blanks between columns.
const GAP: u16 = 2;
/// Cells are not cut to fewer characters than these.
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

    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Prints to stdout. Numbers stand to the right, and are numbers in JSON.
    pub fn print(&self, format: Format) -> Result<()> {
        let text = match format {
            Format::Table | Format::Mlflow | Format::Onnx | Format::Sql => {
                if let Some(narrow) = term::width().and_then(|width| self.cut_to(width)) {
                    term::data(&narrow.text())?;
                    term::note("cut to the width of the terminal: --format csv has all of it");
                    return Ok(());
                }
                self.text()
            }
            Format::Json => self.json()?,
            Format::Csv => self.csv()?,
        };
        Ok(term::data(&text)?)
    }

    fn numeric_columns(&self) -> BTreeMap<usize, bool> {
        let is_number = |column: usize| {
            let mut cells =
                self.rows.iter().map(|row| row[column].as_str()).filter(|cell| !cell.is_empty()).peekable();
            cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
        };
        (0..self.columns.len()).map(|column| (column, is_number(column))).collect()
    }

    /// With the longest cells cut, so that no row is wider than `width`; `None` where it fits, or where so little would be
    /// left of the cells that rows in several lines say more.
    pub fn cut_to(&self, width: usize) -> Option<Self> {
        let length = |cell: &String| cell.chars().count();
        let widest = |column: usize| {
            let cells = self.rows.iter().map(|row| length(&row[column]));
            cells.chain([length(&self.columns[column])]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(widest).collect();
        let gaps = usize::from(GAP) * widths.len().saturating_sub(1);
        let all = |most: usize| widths.iter().map(|width| *width.min(&most)).sum::<usize>() + gaps;
        if all(usize::MAX) <= width {
            return None;
        }
        let most = (NARROWEST..width).rev().find(|most| all(*most) <= width)?;
        let cut = |cell: &String| match length(cell) {
            length if length <= most => cell.clone(),
            _ => cell.chars().take(most - 1).chain(['…']).collect(),
        };
        let row = |cells: &Vec<String>| cells.iter().map(cut).collect();
        Some(Self { columns: row(&self.columns), rows: self.rows.iter().map(row).collect() })
    }

    /// As `print` shows it to people.
    pub fn text(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(&self.columns);
        for row in &self.rows {
            table.add_row(row);
        }
        for (column, is_number) in self.numeric_columns() {
            if let Some(column) = table.column_mut(column) {
                column.set_padding((0, GAP));
                if is_number {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n") + "\n"
    }

    /// As JSON: a list of maps.
    pub fn json(&self) -> Result<String> {
        let numeric = self.numeric_columns();
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let cells = self.columns.iter().zip(row).enumerate().map(|(at, (name, cell))| {
                    let number =
                        numeric[&at].then(|| serde_json::from_str::<serde_json::Number>(cell).ok()).flatten();
                    // JSON has no word for these.
                    let is_endless = || numeric[&at] && !cell.parse().is_ok_and(f64::is_finite);
                    let value = match number {
                        Some(number) => Value::Number(number),
                        None if cell.is_empty() || is_endless() => Value::Null,
                        None => Value::String(cell.clone()),
                    };
                    (name.clone(), value)
                });
                Value::Object(cells.collect::<Map<_, _>>())
            })
            .collect();
        Ok(serde_json::to_string_pretty(&rows)? + "\n")
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

/// JSON as DuckDB writes it, with `null` for the numbers that JSON does not have.
pub fn strict(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(next) = rest.chars().next() {
        let endless = ["-Infinity", "Infinity", "-NaN", "NaN"].iter().find(|word| rest.starts_with(**word));
        let length = match (next, endless) {
            ('"', _) => text_length(rest),
            (_, Some(word)) => word.len(),
            _ => next.len_utf8(),
        };
        out.push_str(if endless.is_some() { "null" } else { &rest[..length] });
        rest = &rest[length..];
    }
    out
}

/// Bytes of the quoted text that `json` begins with.
fn text_length(json: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}
