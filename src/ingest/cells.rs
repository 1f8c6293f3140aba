//! Whether the cells of a raw file are what their column's type says, and can be true.

use anyhow::Result;

use super::file::RawFile;
use super::{Loader, raw};
use crate::config::{Column, SourceSpec};
use crate::problem::Problem;
use crate::term;
use crate::warehouse::{ident, joined, text};

/// No marketplace is older; Excel's `02-01-18`, read as a date, is of the year 2.
const EARLIEST: &str = "1900-01-01";

/// A time with something behind it: `10:00:00-03:00`, `10:00:00Z`, `10:00:00 UTC`.
const OFFSET: &str = r"\d:\d\d(:\d\d)?(\.\d+)?\s*([+-]\d|[A-Za-z])";

const MEND: &str = "mend or fetch the file again";

/// One way in which a cell can be wrong.
struct Rule<'a> {
    column: &'a Column,
    /// True for a wrong cell.
    condition: String,
    /// What is wrong, behind the cell and the column's name.
    what: &'static str,
    hint: &'static str,
}

/// The rows of a source with the types that its config gives: what `raw()` renders to.
pub fn relation(source: &str, spec: &SourceSpec) -> String {
    let casts = spec.in_file().map(|column| {
        let name = ident(&column.name);
        format!("cast({name} as {}) as {name}", column.sql_type)
    });
    format!("(select {} from {})", joined(casts, ", "), raw::table(source))
}

impl Loader<'_> {
    /// # Errors
    /// The first cell of the file that is wrong.
    pub fn check_cells(self, file: &RawFile) -> Result<()> {
        let rules: Vec<Rule<'_>> = self.source.spec.in_file().flat_map(rules).collect();
        if rules.is_empty() {
            return Ok(());
        }
        let items = rules.iter().map(|Rule { condition, .. }| {
            format!("min(line) filter (where {condition}), count(*) filter (where {condition})")
        });
        let table = raw::table(&self.source.name);
        let sql = format!("select {} from {table}", joined(items, ", "));
        let found = self.warehouse.one(&sql, &[], |row| {
            let found = |at: usize| Ok((row.get::<_, Option<usize>>(2 * at)?, row.get(2 * at + 1)?));
            (0..rules.len()).map(found).collect::<duckdb::Result<Vec<(_, u64)>>>()
        })?;
        let found = rules.iter().zip(found);
        let wrong = found.filter_map(|(rule, (line, count))| Some((line?, count, rule)));
        let Some((line, count, rule)) = wrong.min_by_key(|(line, ..)| *line) else { return Ok(()) };
        let Column { name, sql_type, .. } = rule.column;
        let value = format!("select {}::varchar from {table} where line = {line}", ident(name));
        let value: String = self.warehouse.one(&value, &[], |row| row.get(0))?;
        let like_it =
            if count == 1 { String::new() } else { format!(" ({} such cells)", term::thousands(count)) };
        let what = rule.what.replace("TYPE", sql_type);
        let message = format!("\"{value}\" in column \"{name}\" {what}{like_it}");
        let entry = self.column_place(name);
        let problem = if file.is_parquet {
            Problem::data(format!("row {line} of `{}`: {message}", file.name())).at(entry)
        } else {
            Problem::data(message)
                .at(file.place(line, Some(&value)))
                .noting(vec![format!("{}:{} gives the type {sql_type}", entry.file, entry.line)])
        };
        Err(problem.hint(format!("{}; nothing was loaded", rule.hint)).into())
    }
}

fn rules(column: &Column) -> Vec<Rule<'_>> {
    let sql_type = column.sql_type.to_ascii_lowercase();
    let starts = |types: &[&str]| types.iter().any(|name| sql_type.starts_with(name));
    if starts(&["varchar", "text", "string", "char", "bpchar"]) {
        return Vec::new();
    }
    let cell = ident(&column.name);
    let value = format!("try_cast({cell} as {sql_type})");
    let rule = |condition: String, what, hint| Rule { column, condition, what, hint };
    let mut rules =
        vec![rule(format!("{cell} is not null and {value} is null"), "could not be converted to TYPE", MEND)];
    let is_float = starts(&["float", "real"]) && sql_type != "float8";
    if is_float || starts(&["double", "float8"]) {
        rules.push(rule(format!("not isfinite({value})"), "is no finite number", MEND));
    }
    let is_moment = starts(&["date", "timestamp"]) && !starts(&["timestamptz", "timestamp with"]);
    if is_moment {
        rules.push(rule(
            format!("regexp_matches({cell}::varchar, {})", text(OFFSET)),
            "is a moment with a time zone",
            "sources hold local time: write it without the zone, as the clock in Brazil showed it",
        ));
        rules.push(rule(
            format!("not isfinite({value}) and {value} > date '{EARLIEST}'"),
            "is a moment that has not come",
            MEND,
        ));
        rules.push(rule(
            format!("{value} < date '{EARLIEST}'"),
            "is before 1900, read as TYPE",
            "write years with four digits, first: 2018-01-31",
        ));
    }
    let lossless = "give the column a type that keeps all of it";
    let loss = "does not fit into TYPE: part of it would be lost";
    if starts(&["decimal", "numeric", "int", "bigint", "smallint", "tinyint", "hugeint", "u"])
        && sql_type != "uuid"
    {
        let exact = |of: &str| format!("try_cast({of} as decimal(38, 6))");
        rules.push(rule(format!("{} <> {}", exact(&cell), exact(&value)), loss, lossless));
    } else if is_float {
        let cents = |of: &str| format!("round(try_cast({of} as double), 2)");
        rules.push(rule(format!("{} <> {}", cents(&cell), cents(&value)), loss, lossless));
    } else if sql_type == "date" {
        rules.push(rule(format!("try_cast({cell} as timestamp) <> {value}"), loss, lossless));
    }
    rules
}
