//! The sources themselves: whether what they say of "known at" fits what stands in them.

mod columns;
mod derived;
mod loads;
mod rows;

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::config::{SourceSpec, When};
use crate::ingest::{check_moments, source_file};
use crate::problem::Problem;
use crate::warehouse::{Warehouse, ident};

pub use loads::loads;

/// Fewer rows prove nothing.
const FEWEST: i64 = 30;
/// What in `specs` does not fit the rows known before `date`.
pub fn sources(
    warehouse: &Warehouse,
    catalog: &Catalog,
    specs: &BTreeMap<String, SourceSpec>,
    definitions: &BTreeMap<String, String>,
    date: NaiveDate,
) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for name in definitions.keys() {
        if let Some(spec) = specs.get(name) {
            check_moments(warehouse, &catalog.templates, name, spec)?;
        }
    }
    let loaded = loaded(warehouse, specs)?;
    let mut is_laid_out = false;
    for (name, spec) in specs {
        let Some(columns) = loaded.get(name) else { continue };
        let audit = Audit { warehouse, catalog, name, spec, specs, columns: &loaded, date };
        problems.extend(audit.presence()?);
        if spec.known_at.is_none() {
            continue;
        }
        if !is_laid_out {
            audit.lay_out()?;
            is_laid_out = true;
        }
        problems.extend(audit.derived()?);
        let is_row_time = |column: &str| column == "known_at" || spec.known_at.as_deref() == Some(column);
        for (column, sql_type) in columns {
            let is_time = sql_type.starts_with("DATE") || sql_type.starts_with("TIMESTAMP");
            let declared = spec.column(column);
            let is_static = declared.is_some_and(|column| column.is_static);
            if is_time && !is_static {
                problems.extend(audit.shows_later(column)?);
                let is_silent = declared.is_none_or(|column| column.when == When::WithRow);
                if is_silent && !is_row_time(column) {
                    let what = format!("column `{column}` does not say when it became known");
                    problems.push(audit.problem(column, &what, UNDECLARED));
                }
            } else if is_time {
                problems.extend(audit.comes_late(column)?);
            } else if let Some(declared) = declared.filter(|column| !spec.key.contains(&column.name)) {
                problems.extend(audit.is_tied(declared)?);
                problems.extend(audit.looks_ahead(declared)?);
            }
        }
    }
    Ok(problems)
}

/// What the as-of relations of a database select, by source, of `reference_date`.
pub fn definitions(warehouse: &Warehouse, database: &str) -> Result<BTreeMap<String, String>> {
    let sql = "select function_name[:-7], macro_definition from duckdb_functions()
        where database_name = ? and function_name like '%\\_as\\_of' escape '\\' and function_type = 'table_macro'";
    let rows = warehouse.rows(sql, &[&database], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// Names and types of the columns of each source.
type Loaded = BTreeMap<String, Vec<(String, String)>>;

fn loaded(warehouse: &Warehouse, specs: &BTreeMap<String, SourceSpec>) -> Result<Loaded> {
    let mut loaded = Loaded::new();
    for name in specs.keys() {
        let columns = warehouse.columns(&format!("sources.{name}"))?;
        if !columns.is_empty() {
            loaded.insert(name.clone(), columns);
        }
    }
    Ok(loaded)
}

const UNDECLARED: &str =
    "give it 'known_at', 'as_of', or 'static': true if it is no news (a promise, a plan)";

struct Audit<'a> {
    warehouse: &'a Warehouse,
    catalog: &'a Catalog,
    name: &'a str,
    spec: &'a SourceSpec,
    specs: &'a BTreeMap<String, SourceSpec>,
    columns: &'a Loaded,
    date: NaiveDate,
}

impl Audit<'_> {
    /// At the entry of a column, or at the first mention of a word.
    fn problem(&self, word: &str, what: &str, hint: &str) -> Problem {
        let (templates, file) = (&self.catalog.templates, source_file(self.name));
        let place = match self.spec.column(word) {
            Some(column) => templates.config_key(&file, &format!("columns.{}", column.name)),
            None => templates.place(&file, word),
        };
        Problem::data(format!("{what} (sources.{})", self.name)).at(place).on(self.date).hint(hint)
    }

    /// The rows of `source` as they were known at `date`.
    fn known(source: &str, date: NaiveDate) -> String {
        format!("sources.{}(date '{date}')", ident(&format!("{source}_as_of")))
    }

    /// Names and expressions of the moments that columns become known.
    fn moments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.spec.columns.iter().filter_map(|column| match &column.when {
            When::KnownAt(moment) => Some((column.name.as_str(), moment.as_str())),
            _ => None,
        })
    }
}
