//! The sources themselves: whether what they say of "known at" fits what stands in them.

mod derived;
mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::config::{SourceSpec, source_file};
use crate::difference::{Column, Difference};
use crate::ingest::check_moments;
use crate::problem::Problem;
use crate::sql::Select;
use crate::warehouse::{Warehouse, ident, text};
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

    /// What in the sources of `names` does not fit what they say.
    pub fn run(&self, names: &BTreeSet<String>, edited: &[String]) -> Result<Findings> {
        for (name, spec, _) in self.sources().filter(|(name, ..)| names.contains(*name)) {
            check_moments(&self.warehouse, &self.catalog.templates, name, spec)?;
        }
        let mut findings = Queries::new(self)?.run(names)?;
        self.lay_out()?;
        // An edited file makes other rows than those that are loaded.
        for name in names.iter().filter(|name| self.columns.contains_key(*name) && !edited.contains(name)) {
            findings.entry(name.clone()).or_default().extend(self.derived(name)?);
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

/// What the as-of relations select, by source, of `reference_date`.
pub fn definitions(warehouse: &Warehouse) -> Result<BTreeMap<String, String>> {
    let sql = "select function_name[:-7], macro_definition from duckdb_functions()
        where database_name = 'warehouse' and function_name like '%\\_as\\_of' escape '\\' and function_type = 'table_macro'";
    let rows = warehouse.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

impl Audit<'_> {
    /// What an older load of the warehouse shows otherwise than today's, of what both say was known before its end: a
    /// value that was rewritten in place, and is not declared.
    pub fn loads(&self, older: &Path) -> Result<Findings> {
        if !older.exists() {
            let problem = Problem::usage(format!("there is no database `{}`", older.display()));
            return Err(problem.hint("--against names an older copy of the database").into());
        }
        let warehouse = &self.warehouse;
        let file = text(&older.display().to_string());
        warehouse.batch(&format!("attach {file} as older (read_only)"))?;
        let date = "select value::date + 1 from older.pipeline.settings where name = 'data_until'";
        let date: NaiveDate = warehouse
            .row(date, &[], |row| row.get(0))?
            .context("the older database has no sources loaded")?;
        let mut findings = Findings::new();
        for (name, ..) in self.sources().filter(|(_, spec, _)| !spec.key.is_empty()) {
            if !warehouse.columns_of("older", &format!("sources.{name}"))?.is_empty() {
                findings.insert(name.to_owned(), self.load(name, date)?);
            }
        }
        warehouse.batch("drop table if exists temp.older_rows; detach older")?;
        Ok(findings)
    }

    fn load(&self, name: &str, date: NaiveDate) -> Result<Vec<Problem>> {
        let known = format!("sources.{}(date '{date}')", ident(&format!("{name}_as_of")));
        // The older macro reads its own table only when its database is the one in use.
        self.warehouse.batch(&format!(
            "use older; create or replace temp table older_rows as from {known}; use warehouse"
        ))?;
        let there = self.warehouse.describe(&Select::of("from temp.older_rows")?)?;
        let mut problems = Vec::new();
        let difference = Difference::new(&self.warehouse, &known, "temp.older_rows", &self.specs[name].key);
        let is_shared =
            |(column, _): &&Column| column != "known_at" && there.iter().any(|(other, _)| other == column);
        let compared = difference.compare(self.columns[name].iter().filter(is_shared))?;
        let rows = [(compared.new, "gone from"), (compared.gone, "only in")];
        for (mismatch, how) in rows.into_iter().filter_map(|(found, how)| Some((found?, how))) {
            let (rows, example) = (mismatch.rows, difference.example(&mismatch, "")?);
            let what = format!("{rows} rows known before the older load's end are {how} today's: {example}");
            let hint = "known_at has to be the moment from which a row is there, and rows stay";
            problems.push(self.problem(name, "", what).on(date).hint(hint));
        }
        for mismatch in compared.columns {
            let (column, rows) = (&mismatch.column, mismatch.rows);
            let example = difference.example(&mismatch, "in the older load")?;
            let what = format!(
                "column `{column}` differs in {rows} rows between the older load and today's: {example}"
            );
            let hint = "it is rewritten in place: 'known_at' or 'as_of' has to give the value of then";
            problems.push(self.problem(name, column, what).on(date).hint(hint));
        }
        Ok(problems)
    }
}
