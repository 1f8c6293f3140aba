//! What a source's SELECT makes of its raw file and of other sources: at a date it has to be the same, whether it is
//! made of all that is loaded or of what was known by then.

use anyhow::Result;

use super::Audit;
use crate::config::{SourceSpec, source_file};
use crate::diagnose::Apart;
use crate::difference::{Column, Difference, Mismatch, is_equal};
use crate::ingest::{as_of_select, loaded_select, raw_rows};
use crate::problem::Problem;
use crate::sql::Select;
use crate::template::Kind;
use crate::warehouse::{ident, idents};

/// What `raw()` is while sources are made again: a view in each database.
const RAW: &str = "raw";
/// Sources made of all that is loaded, and of what was known.
const ALL: &str = "made_of_all";
const KNOWN: &str = "made_of_known";

impl Audit<'_> {
    /// Lays out the sources both ways, for `derived`.
    pub fn lay_out(&self) -> Result<()> {
        for database in [ALL, KNOWN] {
            self.warehouse.batch(&format!(
                "attach if not exists ':memory:' as {database}; create schema if not exists {database}.sources;
                 create schema if not exists {database}.made"
            ))?;
        }
        for (name, spec, _) in self.sources() {
            let table = format!("sources.{}", ident(name));
            let known = self.as_of(name, spec, &format!("warehouse.{table}"))?;
            self.warehouse.batch(&format!(
                "create or replace view {ALL}.{table} as from warehouse.{table};
                 create or replace view {KNOWN}.{table} as {known}"
            ))?;
        }
        Ok(())
    }

    /// What the as-of relation of a source selects of `rows`, in place of the table that was loaded.
    fn as_of(&self, name: &str, spec: &SourceSpec, rows: &str) -> Result<String> {
        let select = as_of_select(&self.warehouse, name, spec)?;
        let from = format!(" from (select *, date '{}' as reference_date from {rows})", self.date);
        Ok(select.replace(&format!(" from sources.{}", ident(name)), &from))
    }

    /// Rows or columns that come out otherwise when the future is not there.
    pub fn derived(&self, name: &str) -> Result<Option<Problem>> {
        let spec = &self.specs[name];
        let rendered = self.catalog.templates.render(&source_file(name), Kind::Source, None, Some(RAW))?;
        if rendered.normal == format!("select * from {RAW}") {
            return Ok(None);
        }
        let (masked, unmasked) = self.known_rows(name, spec)?;
        let made = format!("{KNOWN}.made.{}", ident(name));
        let select = loaded_select(spec, &rendered.select()?);
        let known = self.as_of(name, spec, &format!("(\n{select}\n)"))?;
        let run = self.warehouse.batch(&format!(
            "create or replace view {ALL}.{RAW} as {unmasked}; create or replace view {KNOWN}.{RAW} as {masked};
             use {KNOWN}; create or replace table {made} as {known}"
        ));
        self.warehouse.batch("use warehouse")?;
        if let Err(error) = run {
            let what = format!("sources.{name} cannot be made again of its rows: {}", error.headline());
            return Ok(Some(self.problem(name, "", what).hint("load it again, into a new database")));
        }
        let loaded = format!("sources.{}(date '{}')", ident(&format!("{name}_as_of")), self.date);
        // What `as_of` makes of a row is looked at by itself.
        let is_rewritten = |name: &str| spec.column(name).is_some_and(|column| column.as_of.is_some());
        let columns =
            self.columns[name].iter().filter(|(name, _)| !is_rewritten(name)).cloned().collect::<Vec<_>>();
        let Some((column, what)) = self.apart(&loaded, &made, &columns, &spec.key)? else { return Ok(None) };
        let (warehouse, templates) = (&self.warehouse, &self.catalog.templates);
        let place =
            Apart { warehouse, templates, rendered: &rendered, databases: [ALL, KNOWN] }.place(&column)?;
        Ok(Some(Problem::data(what).at(place).on(self.date).hint(
            "made of what was known at the date it comes out otherwise: a feature store is the place for it",
        )))
    }

    /// The column that is another in what was `made` of known rows than in what was `loaded`, and what is wrong with it;
    /// none where rows are.
    fn apart(
        &self,
        loaded: &str,
        made: &str,
        columns: &[Column],
        key: &[String],
    ) -> Result<Option<(String, String)>> {
        // The last digits of a mean are not the same from run to run.
        let value = |(name, sql_type): &Column| match sql_type.as_str() {
            "DOUBLE" if key.is_empty() => format!("{}::float", ident(name)),
            _ => ident(name),
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        if is_equal(&self.warehouse, loaded, made, &values)? {
            return Ok(None);
        }
        if key.is_empty() {
            for ((name, _), value) in columns.iter().zip(values) {
                if !is_equal(&self.warehouse, loaded, made, &[value])? {
                    let what = format!("column `{name}` holds what became known later");
                    return Ok(Some((name.clone(), what)));
                }
            }
            let what = "rows are others because of what became known later";
            return Ok(Some((String::new(), what.to_owned())));
        }
        let difference = Difference::new(&self.warehouse, loaded, made, key);
        let compared = difference.compare(columns)?;
        let of_rows = |found: Option<Mismatch>, are: &str| {
            found.map(|at| (format!("{} rows are {are} because of what became known later", at.rows), at))
        };
        let of_column = |at: Mismatch| {
            (format!("column `{}` holds what became known later, in {} rows", at.column, at.rows), at)
        };
        let found = of_rows(compared.gone, "there only").or(of_rows(compared.new, "missing"));
        let found = found.or(compared.columns.into_iter().next().map(of_column));
        let Some((what, mismatch)) = found else { return Ok(None) };
        let example = difference.example(&mismatch, "made of what was known")?;
        Ok(Some((mismatch.column, format!("{what}: {example}"))))
    }

    /// The raw rows of a source that were known, with later values hidden and with all values: by what it says of rows
    /// and columns, as far as that can be said of the raw file.
    fn known_rows(&self, name: &str, spec: &SourceSpec) -> Result<(String, String)> {
        let raw = raw_rows(&self.warehouse, name, spec)?;
        let rows = format!("(select *, date '{}' as reference_date from {raw})", self.date);
        let works = |expression: &str| {
            Select::of(&format!("select ({expression}) from {rows}"))
                .and_then(|select| self.warehouse.describe(&select))
                .is_ok()
        };
        let masked = spec.in_file().map(|column| {
            let name = ident(&column.name);
            let (before, behind) = column.around(&name);
            match column.moment() {
                Some((_, expression)) if works(expression) => format!("{before}{expression}{behind}"),
                _ => name,
            }
        });
        let masked = masked.collect::<Vec<_>>().join(", ");
        let filter = match &spec.known_at {
            Some(known_at) if works(known_at) => format!("where ({known_at}) < reference_date"),
            // Joined from another source: as it was loaded.
            Some(_) if !spec.key.is_empty() => format!(
                "anti join (from warehouse.sources.{} where known_at >= date '{}') as later using ({})",
                ident(name),
                self.date,
                idents(&spec.key)
            ),
            _ => String::new(),
        };
        let from = format!("from {rows} as known {filter}");
        Ok((format!("select {masked} {from}"), format!("select * exclude (reference_date) {from}")))
    }
}
