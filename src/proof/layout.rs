//! The warehouses of a proof, in memory: the whole one, and copies that know less.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use chrono::NaiveDate;

use super::Proof;
use crate::catalog::Catalog;
use crate::diagnose::analyst;
use crate::template::Rendered;
use crate::warehouse::{Warehouse, ident};

pub const WHOLE: &str = "whole";
/// Only what was known before the reference date.
pub const CUT: &str = "cut";
/// The cut warehouse with its rows shuffled: what differs here is no question of time.
pub const SHUFFLED: &str = "shuffled";
/// As the warehouse was when the last label of a partition was known.
pub const SETTLED: &str = "settled";

impl<'a> Proof<'a> {
    /// Lays the warehouses out at `date`.
    pub fn new(
        warehouse: &'a Warehouse,
        catalog: &'a Catalog,
        definitions: &'a BTreeMap<String, String>,
        sources: &BTreeSet<String>,
        date: NaiveDate,
    ) -> Result<Self> {
        warehouse.batch("use warehouse")?;
        let sources: Vec<String> =
            sources.iter().filter(|name| definitions.contains_key(*name)).cloned().collect();
        for name in [WHOLE, CUT, SHUFFLED, SETTLED] {
            warehouse.batch(&format!(
                "detach database if exists {name}; attach ':memory:' as {name};
                 create schema {name}.sources; create schema {name}.features; create schema {name}.abt; create schema {name}.scores"
            ))?;
        }
        let proof = Self { warehouse, catalog, definitions, date, sources };
        for source in &proof.sources {
            let name = ident(source);
            // As good as a copy with the rest deleted: nothing else can be reached through it.
            let known = definitions[source].replace(" FROM sources.", " FROM warehouse.sources.");
            warehouse.batch(&format!(
                "create view {WHOLE}.sources.{name} as from warehouse.sources.{name};
                 create macro {CUT}.sources.{}(reference_date) as table {known}",
                known_name(source)
            ))?;
        }
        proof.cut(CUT, date)?;
        proof.macros(WHOLE)?;
        proof.macros(CUT)?;
        Ok(proof)
    }

    /// The sources in `database` as they were known before `date`.
    pub(super) fn cut(&self, database: &str, date: NaiveDate) -> Result<()> {
        for source in &self.sources {
            self.warehouse.batch(&format!(
                "create or replace view {database}.sources.{} as from {CUT}.sources.{}(date '{date}')",
                ident(source),
                known_name(source)
            ))?;
        }
        Ok(())
    }

    /// The as-of relations, over the tables of `database`.
    pub(super) fn macros(&self, database: &str) -> Result<()> {
        for source in &self.sources {
            self.warehouse.batch(&format!(
                "use {database}; create or replace macro sources.{}(reference_date) as table {}; use warehouse",
                ident(&format!("{source}_as_of")),
                self.definitions[source]
            ))?;
        }
        Ok(())
    }

    /// The cut sources in another order.
    pub(super) fn shuffle(&self) -> Result<()> {
        for source in &self.sources {
            let name = ident(source);
            self.warehouse.batch(&format!(
                "create table if not exists {SHUFFLED}.sources.{name} as from {CUT}.sources.{name} order by random()"
            ))?;
        }
        self.macros(SHUFFLED)
    }

    /// Whether any source has rows that became known at or after the date.
    pub fn has_future(&self) -> Result<bool> {
        for source in &self.sources {
            let name = ident(source);
            let sql = format!(
                "select (select count(*) from {WHOLE}.sources.{name}) > (select count(*) from {CUT}.sources.{name})"
            );
            if self.warehouse.row(&sql, &[], |row| row.get(0))? == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives `database` the tables that a query refers to, as they are in another.
    pub(super) fn refer(&self, database: &str, rendered: &Rendered, other: &str) -> Result<()> {
        for table in &rendered.refs {
            self.warehouse
                .batch(&format!("create or replace view {database}.{table} as from {other}.{table}"))?;
        }
        Ok(())
    }

    /// Drops a table that is in nobody's way any more: a view may take its name later.
    pub(super) fn forget(&self, database: &str, table: &str) -> Result<()> {
        Ok(self.warehouse.batch(&format!("drop table if exists {database}.{table}"))?)
    }

    /// Builds a table from the whole warehouse and from the cut one, side by side.
    pub(super) fn build_both(&self, table: &str, rendered: &Rendered) -> Result<()> {
        let second = self.warehouse.another()?;
        let (catalog, definitions, date) = (self.catalog, self.definitions, self.date);
        std::thread::scope(|scope| {
            let cut = scope.spawn(move || {
                let beside = Proof { warehouse: &second, catalog, definitions, date, sources: Vec::new() };
                beside.build(CUT, table, rendered, "q.*")
            });
            let whole = self.build(WHOLE, table, rendered, "q.*");
            whole.and(cut.join().map_err(|_| anyhow!("a build ended by itself"))?)
        })
    }

    /// Builds a table, or some of its columns, in `database`, from what is there.
    pub(super) fn build(
        &self,
        database: &str,
        table: &str,
        rendered: &Rendered,
        columns: &str,
    ) -> Result<()> {
        let (warehouse, date) = (self.warehouse, self.date);
        let head = format!(
            "create or replace table {table} as select date '{date}' as reference_date, {columns} from (\n"
        );
        let explain = |error| analyst(warehouse, error, rendered, &self.catalog.templates);
        let sql = format!("{head}{}\n) as q", rendered.select().map_err(explain)?);
        warehouse.batch(&format!("use {database}"))?;
        // The error is looked into where it came up.
        let built = warehouse.batch(&sql).map_err(|error| explain(error.shifted(head.len())));
        warehouse.batch("use warehouse")?;
        Ok(built?)
    }
}

/// The macro that gives a source as it was known at a date, wherever it is called.
fn known_name(source: &str) -> String {
    ident(&format!("{source}_known"))
}
