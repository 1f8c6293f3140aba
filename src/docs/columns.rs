//! The columns of a table: what each is made of, and what its values are like.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use super::Column;
use crate::catalog::Model;
use crate::config::STAKE;
use crate::sql::outputs::{Output, Outputs};
use crate::template::{Rendered, Templates};
use crate::warehouse::{Warehouse, ident};

/// What the raw file of a source is called in its SELECT, and how that is seen as a table.
pub const RAW: &str = "raw";
pub const FROM_RAW: &str = ".raw";

/// What the end of a column's name says of its values.
const UNITS: [(&str, &str); 12] = [
    ("_brl", "BRL"),
    ("_days", "days"),
    ("_share", "share, 0..1"),
    ("_ratio", "ratio"),
    ("_count", "count"),
    ("_km", "km"),
    ("_g", "g"),
    ("_cm", "cm"),
    ("_cm3", "cm³"),
    ("_psi", "PSI"),
    ("_date", "day"),
    ("score", "probability, 0..1"),
];

/// Name and type of a column.
pub type Shape = (String, String);

/// The columns of all tables of the warehouse.
pub struct Names(BTreeMap<String, Vec<Shape>>);

impl Names {
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let sql = "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()
            where database_name = 'warehouse' and schema_name in ('sources', 'features', 'abt', 'scores')
            order by table_oid, column_index";
        let mut names: BTreeMap<String, Vec<Shape>> = BTreeMap::new();
        let read = |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?)));
        for (table, column) in warehouse.rows(sql, &[], read)? {
            names.entry(table).or_default().push(column);
        }
        Ok(Self(names))
    }

    pub fn of(&self, table: &str) -> &[Shape] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }

    /// The date stands beside the columns of every table that is read at one.
    pub fn has(&self, table: &str, column: &str) -> bool {
        let is_it = |(name, _): &Shape| column == "reference_date" || name.eq_ignore_ascii_case(column);
        self.of(table).iter().any(is_it)
    }
}

/// The columns of `shape`, name and type, as `sql` makes them.
pub fn columns(shape: &[Shape], sql: &str, has: &dyn Fn(&str, &str) -> bool) -> Vec<Column> {
    let outputs = Outputs::read(sql, has);
    let own = |(name, sql_type): &Shape| {
        let made = match &outputs {
            Some(outputs) if name != "reference_date" => outputs.column(name),
            _ => Output::default(),
        };
        let says = |end: &str| name == end || end.starts_with('_') && name.ends_with(end);
        let unit = UNITS.iter().find(|(end, _)| says(end)).map(|(_, unit)| *unit);
        Column {
            name: name.clone(),
            sql_type: sql_type.to_lowercase(),
            text: None,
            unit,
            expression: made.expression,
            line: made.at,
            statistics: None,
            from: made.reads,
            to: BTreeSet::new(),
            unresolved: made.unresolved,
        }
    };
    shape.iter().map(own).collect()
}

/// The columns of a score table: those of the model's SELECT, whose columns are `select`, and what is made of its inputs.
pub fn score_columns(shape: &[Shape], model: &Model, select: &[Shape]) -> Vec<Column> {
    let all = columns(shape, "select 1", &|_: &str, _: &str| false);
    let own = |column: Column| {
        let of_model = |name: &str| BTreeSet::from([(model.name.clone(), name.to_owned())]);
        let from = match column.name.as_str() {
            name @ STAKE if select.iter().any(|(other, _)| other == name) => of_model(name),
            name if model.spec.key.iter().any(|key| key == name) => of_model(name),
            "score" | "segment" | "distance" | "reasons" => {
                let inputs = select.iter().map(|(name, _)| name).filter(|name| model.spec.learns_from(name));
                inputs.map(|name| (model.name.clone(), name.clone())).collect()
            }
            "rank" | "decile" => BTreeSet::from([(model.table(), "score".to_owned())]),
            "segment_name" => BTreeSet::from([(model.table(), "segment".to_owned())]),
            _ => BTreeSet::new(),
        };
        Column { from, unresolved: BTreeSet::new(), ..column }
    };
    all.into_iter().map(own).collect()
}

impl Column {
    /// Turns the byte at which its expression stands, behind `head` of the tool's own, into a line of its file.
    pub fn place(&mut self, templates: &Templates, rendered: &Rendered, head: usize) {
        let at = self.line.and_then(|at| at.checked_sub(head));
        self.line = at.map(|at| templates.locate(rendered, at).place.line);
    }
}

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
pub fn measure(warehouse: &Warehouse, rows: &str, columns: &mut [Column]) -> Result<()> {
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
