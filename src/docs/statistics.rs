//! What the values of a column are like, by DuckDB's SUMMARIZE.

use anyhow::Result;
use serde::Serialize;

use super::Column;
use crate::warehouse::{Warehouse, ident};

/// Of the rows of one reference date; of a source, of all that are loaded.
#[derive(Serialize, Clone)]
pub struct Statistics {
    pub rows: i64,
    /// In percent.
    pub nulls: f64,
    /// As `HyperLogLog` counts them.
    pub distinct: i64,
    pub min: Option<String>,
    /// Of numbers alone.
    pub median: Option<String>,
    pub mean: Option<String>,
    pub max: Option<String>,
}

/// Adds the statistics of the columns of `rows`, a FROM; of columns that are lists there are none.
pub fn add(warehouse: &Warehouse, rows: &str, columns: &mut [Column]) -> Result<()> {
    let flat =
        columns.iter().filter(|column| !column.sql_type.contains("struct")).map(|column| ident(&column.name));
    let flat = flat.collect::<Vec<_>>().join(", ");
    if flat.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "select column_name, count::bigint, null_percentage::double, approx_unique::bigint,
             min, try_cast(q50 as double), try_cast(avg as double), max
         from (summarize select {flat} {rows})"
    );
    let read = |row: &duckdb::Row<'_>| {
        let statistics = Statistics {
            rows: row.get(1)?,
            nulls: row.get::<_, Option<f64>>(2)?.unwrap_or_default(),
            distinct: row.get(3)?,
            min: row.get::<_, Option<String>>(4)?.map(short),
            median: row.get::<_, Option<f64>>(5)?.map(number),
            mean: row.get::<_, Option<f64>>(6)?.map(number),
            max: row.get::<_, Option<String>>(7)?.map(short),
        };
        Ok((row.get::<_, String>(0)?, statistics))
    };
    for (name, statistics) in warehouse.rows(&sql, &[], read)? {
        if let Some(column) = columns.iter_mut().find(|column| column.name == name) {
            column.statistics = Some(statistics);
        }
    }
    Ok(())
}

/// Four significant digits.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm to base 10 of a double is below 400")]
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    ((value * scale).round() / scale).to_string()
}

/// A number in four digits, a text by its beginning.
fn short(text: String) -> String {
    const LONGEST: usize = 24;
    match text.parse::<f64>() {
        Ok(value) => number(value),
        Err(_) if text.chars().count() > LONGEST => text.chars().take(LONGEST).chain(['…']).collect(),
        Err(_) => text,
    }
}
