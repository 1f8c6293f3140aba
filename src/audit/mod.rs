//! The sources themselves: whether what they say of "known at" fits what stands in them.

mod derived;
mod loads;
mod query;
mod seen;

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::config::{SourceSpec, source_file};
use crate::difference::Column;
use crate::ingest::check_moments;
use crate::problem::Problem;
use crate::warehouse::Warehouse;
use query::Queries;

/// What was found in each source.
pub type Findings = BTreeMap<String, Vec<Problem>>;

pub struct Audit<'a> {
    pub warehouse: Warehouse,
    pub catalog: &'a Catalog,
    specs: &'a BTreeMap<String, SourceSpec>,
    /// Names and types of the columns of each source that is loaded.
    columns: BTreeMap<String, Vec<Column>>,
    date: NaiveDate,
    data_until: NaiveDate,
}

impl<'a> Audit<'a> {
    /// Of sources as their files say, at one reference date.
    pub fn new(
        warehouse: Warehouse,
        catalog: &'a Catalog,
        specs: &'a BTreeMap<String, SourceSpec>,
        date: NaiveDate,
        data_until: NaiveDate,
    ) -> Result<Self> {
        let mut columns = BTreeMap::new();
        for name in specs.keys() {
            let loaded = warehouse.columns(&format!("sources.{name}"))?;
            if !loaded.is_empty() {
                columns.insert(name.clone(), loaded);
            }
        }
        Ok(Self { warehouse, catalog, specs, columns, date, data_until })
    }

    /// What in the sources does not fit what they say.
    pub fn run(&self, edited: &[String]) -> Result<Findings> {
        for (name, spec, _) in self.sources() {
            check_moments(&self.warehouse, &self.catalog.templates, name, spec)?;
        }
        let mut findings = Queries::new(self)?.run()?;
        self.lay_out()?;
        // An edited file makes other rows than those that are loaded.
        for (name, ..) in self.sources().filter(|(name, ..)| !edited.iter().any(|edited| edited == name)) {
            findings.entry(name.to_owned()).or_default().extend(self.derived(name)?);
        }
        findings.retain(|_, problems| !problems.is_empty());
        Ok(findings)
    }

    fn sources(&self) -> impl Iterator<Item = (&str, &SourceSpec, &[Column])> {
        self.columns.iter().map(|(name, columns)| (name.as_str(), &self.specs[name], columns.as_slice()))
    }

    /// At what the source says of a column, or of its rows for none.
    fn problem(&self, source: &str, column: &str, what: impl Into<String>) -> Problem {
        let spec = &self.specs[source];
        let path = match spec.column(column) {
            Some(column) if column.is_static => format!("columns.{}.static", column.name),
            Some(column) => {
                let key = column.moment().map(|(key, _)| format!(".{key}"));
                format!("columns.{}{}", column.name, key.unwrap_or_default())
            }
            None if spec.known_at.is_some() => "known_at".to_owned(),
            None => "static".to_owned(),
        };
        let place = self.catalog.templates.config_key(&source_file(source), &path);
        Problem::data(what).at(place).on(self.date)
    }
}

/// What the as-of relations of a database select, by source, of `reference_date`.
pub fn definitions(warehouse: &Warehouse, database: &str) -> Result<BTreeMap<String, String>> {
    let sql = "select function_name[:-7], macro_definition from duckdb_functions()
        where database_name = ? and function_name like '%\\_as\\_of' escape '\\' and function_type = 'table_macro'";
    let rows = warehouse.rows(sql, &[&database], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}
