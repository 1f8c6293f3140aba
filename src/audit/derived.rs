//! What a source's SELECT makes of its raw file and of other sources: at a date it has to be the same, whether it is made of
//! all that is loaded or of what was known by then.

use anyhow::Result;

use super::Audit;
use crate::config::When;
use crate::ingest::{as_of_select, loaded_select, source_file};
use crate::problem::Problem;
use crate::proof::side_by_side::{differs, joined};
use crate::sql::normal;
use crate::template::Kind;
use crate::warehouse::ident;

/// Rows of a source that are looked at: about so many, chosen by a hash of the key.
const LOOKED_AT: i64 = 10_000;

const WHOLE: &str = "made_of_all";
const CUT: &str = "made_of_known";

impl Audit<'_> {
    /// Lays out both warehouses, for `derived`.
    pub fn lay_out(&self) -> Result<()> {
        for database in [WHOLE, CUT] {
            self.warehouse.batch(&format!(
                "attach if not exists ':memory:' as {database}; create schema if not exists {database}.sources;
                 create schema if not exists {database}.made"
            ))?;
        }
        for name in self.columns.keys() {
            let table = format!("sources.{}", ident(name));
            let rows = format!("select *, date '{}' as reference_date from warehouse.{table}", self.date);
            let known = self.as_of(name, &rows)?;
            self.warehouse.batch(&format!(
                "create or replace view {WHOLE}.{table} as from warehouse.{table};
                 create or replace view {CUT}.{table} as {known}"
            ))?;
        }
        Ok(())
    }

    /// What the as-of relation of a source selects of `rows`, in place of the table that was loaded.
    fn as_of(&self, source: &str, rows: &str) -> Result<String> {
        let select = as_of_select(self.warehouse, source, &self.specs[source])?;
        Ok(select.replace(&format!(" from sources.{}", ident(source)), &format!(" from (\n{rows}\n)")))
    }

    /// Rows or columns that come out otherwise when the future is not there.
    pub fn derived(&self) -> Result<Option<Problem>> {
        let key = &self.spec.key;
        let table = format!("sources.{}", ident(self.name));
        let own = self.columns[self.name]
            .iter()
            .filter(|(name, _)| self.spec.in_file().any(|column| column.name == *name));
        let own: Vec<String> = own.map(|(name, _)| ident(name)).collect();
        let plain =
            self.catalog.templates.render(&source_file(self.name), Kind::Source, None, Some("raw"))?;
        if key.is_empty() || normal(&plain.sql) == "select * from raw" {
            return Ok(None);
        }
        let rows =
            self.warehouse.row(&format!("select count(*) from {table}"), &[], |row| row.get::<_, i64>(0))?;
        let chosen = format!(
            "from warehouse.{table} where hash({}) % {} = 0",
            key.iter().map(|name| ident(name)).collect::<Vec<_>>().join(", "),
            rows.unwrap_or(0) / LOOKED_AT + 1
        );
        let loaded =
            self.as_of(self.name, &format!("select *, date '{}' as reference_date {chosen}", self.date))?;
        if self.make(CUT, &own, &chosen)? && self.is_equal(&loaded)? || !self.make(WHOLE, &own, &chosen)? {
            return Ok(None);
        }
        let joined = joined(WHOLE, CUT, &format!("made.{}", ident(self.name)), key);
        let count = |condition: &str| {
            let sql = format!("select count(*) {joined} where {condition}");
            self.warehouse.row(&sql, &[], |row| row.get::<_, i64>(0)).map(Option::unwrap_or_default)
        };
        for (condition, which) in [("c.in_cut is null", "only because"), ("w.in_whole is null", "unless")] {
            let rows = count(condition)?;
            if rows > 0 {
                let what = format!("{rows} rows are there {which} of what became known later");
                return Ok(Some(self.problem("select", &what, SAME)));
            }
        }
        // What `as_of` makes of a row is looked at by itself.
        let is_compared = |name: &String| {
            let is_rewritten =
                self.spec.column(name).is_some_and(|column| matches!(column.when, When::AsOf(_)));
            name != "known_at" && !key.contains(name) && !is_rewritten
        };
        for column in self.columns[self.name].iter().filter(|(name, _)| is_compared(name)) {
            let rows = count(&differs(column))?;
            if rows > 0 {
                let what = format!("column `{}` holds what became known later, in {rows} rows", column.0);
                return Ok(Some(self.problem(&column.0, &what, SAME)));
            }
        }
        Ok(None)
    }
}

impl Audit<'_> {
    /// Makes the chosen rows of this source of what stands in `database`. Gives whether that is possible: a SELECT may be made
    /// of columns that it leaves out.
    fn make(&self, database: &str, own: &[String], chosen: &str) -> Result<bool> {
        let name = ident(self.name);
        let raw = format!("(select {} {})", own.join(", "), chosen.replace("from warehouse.", "from "));
        let rendered =
            self.catalog.templates.render(&source_file(self.name), Kind::Source, None, Some(&raw))?;
        let select = loaded_select(self.spec, &rendered.select()?);
        let rows = format!("select *, date '{}' as reference_date from (\n{select}\n)", self.date);
        let known = self.as_of(self.name, &rows)?;
        let made =
            self.warehouse.batch(&format!("use {database}; create or replace table made.{name} as {known}"));
        self.warehouse.batch("use warehouse")?;
        Ok(made.is_ok())
    }

    /// Mostly what is made of the known rows is what was loaded, and nothing more is to be asked.
    fn is_equal(&self, loaded: &str) -> Result<bool> {
        let made = format!("from {CUT}.made.{}", ident(self.name));
        let sql = format!(
            "select not exists ({made} except all {loaded}) and (select count(*) {made}) = (select count(*) from ({loaded}))"
        );
        Ok(self.warehouse.row(&sql, &[], |row| row.get::<_, bool>(0))?.unwrap_or(false))
    }
}

const SAME: &str =
    "made of what was known at the date it comes out otherwise: a feature store is the place for it";
