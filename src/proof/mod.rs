//! Every table is built twice, in memory: from the whole warehouse, and from one in which all that became known at or
//! after the reference date is deleted. What differs has seen the future.

mod compare;
mod label;
pub mod side_by_side;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model, Node};
use crate::config::Task;
use crate::diagnose::analyst;
use crate::learn::rules;
use crate::partitions::texts::Texts;
use crate::partitions::{columns, verify};
use crate::problem::Problem;
use crate::template::{Kind, Rendered};
use crate::warehouse::{Warehouse, ident};
use compare::Compared;

/// What the columns of rules are called: no column of a SELECT has such a name.
const RULE: &str = "rule ";

const WHOLE: &str = "whole";
const CUT: &str = "cut";
/// The cut warehouse with its rows shuffled: what differs here is no question of time.
const SHUFFLED: &str = "shuffled";
/// As the warehouse was when the last label of a partition was known.
const SETTLED: &str = "settled";

/// The proof at one reference date.
pub struct Proof<'a> {
    warehouse: &'a Warehouse,
    /// For the cut warehouse, which is built at the same time as the whole one.
    second: Mutex<Warehouse>,
    catalog: &'a Catalog,
    /// What the as-of relation of each source selects, of `reference_date`.
    definitions: &'a BTreeMap<String, String>,
    date: NaiveDate,
    sources: Vec<String>,
    is_shuffled: Cell<bool>,
}

/// What was compared of one table.
pub struct Proven {
    pub rows: i64,
    pub columns: usize,
    pub problems: Vec<Problem>,
    /// What only warns.
    pub warnings: Vec<String>,
}

impl<'a> Proof<'a> {
    /// Lays both warehouses out at `date`.
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
        let second = Mutex::new(warehouse.another()?);
        let proof =
            Self { warehouse, second, catalog, definitions, date, sources, is_shuffled: Cell::new(false) };
        for source in &proof.sources {
            let name = ident(source);
            warehouse
                .batch(&format!("create view {WHOLE}.sources.{name} as from warehouse.sources.{name}"))?;
            // As good as a copy with the rest deleted: nothing else can be reached through it.
            let known = definitions[source].replace(" FROM sources.", " FROM warehouse.sources.");
            warehouse.batch(&format!(
                "create macro {CUT}.sources.{}(reference_date) as table {known}",
                known_name(source)
            ))?;
        }
        proof.cut(CUT, date)?;
        proof.macros(WHOLE)?;
        proof.macros(CUT)?;
        Ok(proof)
    }

    /// The sources in `database` as they were known before `date`.
    fn cut(&self, database: &str, date: NaiveDate) -> Result<()> {
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
    fn macros(&self, database: &str) -> Result<()> {
        for source in &self.sources {
            self.warehouse.batch(&format!(
                "use {database}; create or replace macro sources.{}(reference_date) as table {}; use warehouse",
                ident(&format!("{source}_as_of")),
                self.definitions[source]
            ))?;
        }
        Ok(())
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

    /// Builds a feature store or an ABT both ways, and compares. What it needs was proven before.
    pub fn table(&self, node: &Node, with_checks: bool) -> Result<Proven> {
        let rendered = self.catalog.render(&node.name, self.date)?;
        self.build_both(&node.name, &rendered)?;
        let shape = self.columns(WHOLE, &node.name)?;
        let in_whole = |check: &dyn Fn() -> Result<(i64, Vec<String>)>| {
            self.warehouse.batch(&format!("use {WHOLE}"))?;
            let checked = check();
            self.warehouse.batch("use warehouse")?;
            checked
        };
        in_whole(&|| {
            columns::verify(self.warehouse, self.catalog, node, &rendered, self.date, &shape[1..])?;
            Ok((0, Vec::new()))
        })?;
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        if with_checks {
            let texts = Texts::new(self.warehouse, self.catalog, WHOLE, self.date).of(&node.name)?;
            warnings.extend(columns::undocumented(self.catalog, node, &texts, self.date)?);
            let built = format!("from {WHOLE}.{}", node.name);
            let checked = in_whole(&|| verify::rows(self.warehouse, self.catalog, node, self.date, &built));
            match checked {
                Ok((_, more)) => warnings.extend(more),
                Err(error) => problems.push(error.downcast::<Problem>()?),
            }
        }
        let skipped: Vec<&str> = if node.kind == Kind::Abt {
            node.spec.label.as_deref().into_iter().chain(["label_known_on"]).collect()
        } else {
            Vec::new()
        };
        let compared = Compared {
            key: &node.spec.key,
            skipped: &skipped,
            name: &node.name,
            rendered: &rendered,
            rule_place: &|_| None,
        };
        let (rows, columns, found) = self.compare(&compared, &shape)?;
        if !found.is_empty() {
            // What stands on this table is judged by its own query, not by what it inherits.
            self.warehouse
                .batch(&format!("create or replace table {CUT}.{0} as from {WHOLE}.{0}", node.name))?;
        }
        problems.extend(found);
        if let Some(label) =
            node.spec.label.as_deref().filter(|_| node.kind == Kind::Abt && problems.is_empty())
        {
            problems.extend(self.label(node, label, &rendered)?);
        }
        if node.kind == Kind::Abt && node.spec.label.is_some() {
            // At the date itself no label is known: so the models see it.
            let hidden = skipped.iter().map(|name| format!("{} = null", ident(name)));
            let hidden = hidden.collect::<Vec<_>>().join(", ");
            self.warehouse.batch(&format!("update {CUT}.{} set {hidden}", node.name))?;
        }
        Ok(Proven { rows, columns, problems, warnings })
    }

    /// The inputs of a model, with the labels known and with none: they have to be the same.
    pub fn model(&self, model: &Model) -> Result<Proven> {
        let table = model.table();
        let rendered = self.catalog.render(&table, self.date)?;
        let label = match &model.spec.task {
            Task::Binary(binary) => Some(binary.label.as_str()),
            Task::Clusters(clusters) => clusters.label.as_deref(),
        };
        // Rules are inputs of their own; the SELECT stays at its place, so that offsets in it keep their meaning.
        let rules: BTreeMap<String, String> = rules(&model.spec.recipes())
            .into_iter()
            .map(|(name, expression)| (format!("{RULE}{name}"), expression))
            .collect();
        self.build_both(&table, &rendered)?;
        for database in [WHOLE, CUT] {
            let more = rules.iter().map(|(name, rule)| format!(", ({rule}) as {}", ident(name)));
            let widened = format!(
                "create or replace table {database}.{table} as select q.*{} from {database}.{table} as q",
                more.collect::<Vec<_>>().concat()
            );
            self.warehouse.batch(&widened)?;
        }
        let shape = self.columns(WHOLE, &table)?;
        let skipped: Vec<&str> = label.into_iter().chain(["label_known_on"]).collect();
        let rule_place = |column: &str| {
            let path = format!("candidates.{}.expression", column.strip_prefix(RULE)?);
            rules.contains_key(column).then(|| self.catalog.templates.in_config(&model.file, &path, 0))
        };
        let compared = Compared {
            key: &model.spec.key,
            skipped: &skipped,
            name: &table,
            rendered: &rendered,
            rule_place: &rule_place,
        };
        let (rows, columns, mut problems) = self.compare(&compared, &shape)?;
        if let Some(label) = label {
            problems.extend(self.known_on(model, label, &rendered)?);
        }
        Ok(Proven { rows, columns, problems, warnings: Vec::new() })
    }

    /// A table that is in nobody's way any more: a view may take its name later.
    fn forget(&self, database: &str, table: &str) -> Result<()> {
        Ok(self.warehouse.batch(&format!("drop table if exists {database}.{table}"))?)
    }

    fn columns(&self, database: &str, table: &str) -> Result<Vec<(String, String)>> {
        Ok(self.warehouse.describe(&format!("from {database}.{table}"))?)
    }

    /// Builds a table from both warehouses, side by side.
    fn build_both(&self, table: &str, rendered: &Rendered) -> Result<()> {
        let (catalog, date, second) = (self.catalog, self.date, &self.second);
        std::thread::scope(|scope| {
            let cut = scope.spawn(move || {
                let second = second.lock().unwrap_or_else(PoisonError::into_inner);
                build(&second, catalog, date, CUT, table, rendered, None)
            });
            let whole = build(self.warehouse, catalog, date, WHOLE, table, rendered, None);
            whole.and(cut.join().map_err(|_| anyhow::anyhow!("a build ended by itself"))?)
        })
    }
}

/// Builds a table in `database`, from what is there: all of its columns, or some.
fn build(
    warehouse: &Warehouse,
    catalog: &Catalog,
    date: NaiveDate,
    database: &str,
    table: &str,
    rendered: &Rendered,
    columns: Option<&[String]>,
) -> Result<()> {
    let columns = columns.map_or_else(|| "q.*".to_owned(), |names| names.join(", "));
    let head = format!(
        "create or replace table {table} as select date '{date}' as reference_date, {columns} from (\n"
    );
    let sql = format!("{head}{}\n) as q", rendered.sql);
    warehouse.batch(&format!("use {database}"))?;
    // The error is looked into where it came up.
    let built = warehouse
        .batch(&sql)
        .map_err(|error| analyst(warehouse, error.shifted(head.len()), rendered, &catalog.templates));
    warehouse.batch("use warehouse")?;
    Ok(built?)
}

/// The macro that gives a source as it was known at a date, wherever it is called.
fn known_name(source: &str) -> String {
    ident(&format!("{source}_known"))
}
