//! Every table is built twice, in memory: from the whole warehouse, and from one in which all that became known at or
//! after the reference date is deleted. What differs has seen the future.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::NaiveDate;

use super::reach::{column_place, rule_place};
use crate::build::{Catalog, Model, Node, verify};
use crate::problem::{Place, Problem};
use crate::spec::Task;
use crate::template::{Kind, Rendered};
use crate::train::{Recipe, rules};
use crate::warehouse::{Warehouse, analyst, ident};

/// Sums of floats on several threads differ in their last digits: numbers are equal within this, relative to the
/// larger one, and at least absolutely.
const TOLERANCE: f64 = 1e-9;

const WHOLE: &str = "whole";
const CUT: &str = "cut";
/// The cut warehouse with its rows shuffled: what differs here is no question of time.
const SHUFFLED: &str = "shuffled";

/// The proof at one reference date.
pub struct Proof<'a> {
    warehouse: &'a Warehouse,
    catalog: &'a Catalog,
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
    ///
    /// # Errors
    /// DuckDB's.
    pub fn new(
        warehouse: &'a Warehouse,
        catalog: &'a Catalog,
        sources: &BTreeSet<String>,
        date: NaiveDate,
    ) -> Result<Self> {
        warehouse.batch("use warehouse")?;
        let sources: Vec<String> = sources.iter().cloned().collect();
        for name in [WHOLE, CUT, SHUFFLED] {
            warehouse.batch(&format!(
                "detach database if exists {name}; attach ':memory:' as {name};
                 create schema {name}.sources; create schema {name}.features; create schema {name}.abt"
            ))?;
        }
        let proof = Self { warehouse, catalog, date, sources, is_shuffled: Cell::new(false) };
        for source in &proof.sources {
            let name = ident(source);
            warehouse
                .batch(&format!("create view {WHOLE}.sources.{name} as from warehouse.sources.{name}"))?;
            let known = format!("warehouse.sources.{}(date '{date}')", ident(&format!("{source}_as_of")));
            warehouse.batch(&format!("create table {CUT}.sources.{name} as from {known}"))?;
        }
        proof.macros(WHOLE)?;
        proof.macros(CUT)?;
        Ok(proof)
    }

    /// The as-of relations, over the tables of `database`.
    fn macros(&self, database: &str) -> Result<()> {
        for source in &self.sources {
            let name = format!("{source}_as_of");
            let definition = "select macro_definition from duckdb_functions()
                where database_name = 'warehouse' and schema_name = 'sources' and function_name = ?";
            let body = self.warehouse.row(definition, &[&name], |row| row.get::<_, String>(0))?;
            self.warehouse.batch(&format!(
                "use {database}; create macro sources.{}(reference_date) as table {}; use warehouse",
                ident(&name),
                body.unwrap_or_default()
            ))?;
        }
        Ok(())
    }

    /// Rows of the sources that became known at or after the date, or hold a value that did.
    ///
    /// # Errors
    /// DuckDB's.
    pub fn later_rows(&self) -> Result<i64> {
        let mut later = 0;
        for source in &self.sources {
            let name = ident(source);
            let sql = format!(
                "select (select count(*) from {WHOLE}.sources.{name}) - (select count(*) from {CUT}.sources.{name})"
            );
            later += self.warehouse.row(&sql, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        }
        Ok(later)
    }

    /// Builds a feature store or an ABT both ways, and compares. What it needs was proven before.
    ///
    /// # Errors
    /// A query that does not run, at the analyst's line.
    pub fn table(&self, node: &Node, with_checks: bool) -> Result<Proven> {
        let rendered = self.catalog.render(&node.name, self.date)?;
        for database in [WHOLE, CUT] {
            self.build(database, &node.name, &rendered)?;
        }
        let shape = self.warehouse.columns_of(WHOLE, &node.name)?;
        verify::columns(self.catalog, node, self.date, &shape[1..])?;
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        if with_checks {
            warnings.extend(verify::undocumented(node, &shape));
            self.warehouse.batch(&format!("use {WHOLE}"))?;
            let checked = verify::rows(self.warehouse, self.catalog, node, self.date);
            self.warehouse.batch("use warehouse")?;
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
        if node.kind == Kind::Abt && node.spec.label.is_some() {
            // At the date itself no label is known: so the models see it.
            let hidden = skipped.iter().map(|name| format!("{} = null", ident(name)));
            let hidden = hidden.collect::<Vec<_>>().join(", ");
            self.warehouse.batch(&format!("update {CUT}.{} set {hidden}", node.name))?;
        }
        Ok(Proven { rows, columns, problems, warnings })
    }

    /// The inputs of a model, with the labels known and with none: they have to be the same.
    ///
    /// # Errors
    /// A query that does not run, at the analyst's line.
    pub fn model(&self, model: &Model) -> Result<Proven> {
        let table = model.table();
        let rendered = self.catalog.render(&table, self.date)?;
        let label = match &model.spec.task {
            Task::Binary(binary) => Some(binary.label.as_str()),
            Task::Clusters(clusters) => clusters.label.as_deref(),
        };
        // Rules are inputs of their own; the SELECT stays at its place, so that offsets in it keep their meaning.
        let rules: BTreeMap<String, String> = rules(&Recipe::all(&model.spec))
            .into_iter()
            .map(|(name, expression)| (format!("rule {name}"), expression))
            .collect();
        for database in [WHOLE, CUT] {
            self.warehouse.batch(&format!("create schema if not exists {database}.scores"))?;
            self.build(database, &table, &rendered)?;
            let more = rules.iter().map(|(name, rule)| format!(", ({rule}) as {}", ident(name)));
            let widened = format!(
                "create or replace table {database}.{table} as select q.*{} from {database}.{table} as q",
                more.collect::<Vec<_>>().concat()
            );
            self.warehouse.batch(&widened)?;
        }
        let shape = self.warehouse.columns_of(WHOLE, &table)?;
        let skipped: Vec<&str> = label.into_iter().chain(["label_known_on"]).collect();
        let rule_place =
            |column: &str| rules.get(column).map(|rule| rule_place(self.catalog, model, rule, 0));
        let compared = Compared {
            key: &model.spec.key,
            skipped: &skipped,
            name: &table,
            rendered: &rendered,
            rule_place: &rule_place,
        };
        let (rows, columns, problems) = self.compare(&compared, &shape)?;
        Ok(Proven { rows, columns, problems, warnings: Vec::new() })
    }

    fn build(&self, database: &str, table: &str, rendered: &Rendered) -> Result<()> {
        let head = format!(
            "create or replace table {table} as select date '{}' as reference_date, q.* from (\n",
            self.date
        );
        let sql = format!("{head}{}\n) as q", rendered.sql);
        self.warehouse.batch(&format!("use {database}"))?;
        let built = self.warehouse.batch(&sql);
        self.warehouse.batch("use warehouse")?;
        built.map_err(|error| {
            analyst(&error.shifted(head.len()), rendered, |file| self.catalog.templates.source(file)).into()
        })
    }

    fn compare(
        &self,
        table: &Compared<'_>,
        shape: &[(String, String)],
    ) -> Result<(i64, usize, Vec<Problem>)> {
        let name = table.name;
        let cut = self.warehouse.columns_of(CUT, name)?;
        let has = |columns: &[(String, String)], wanted: &str| columns.iter().any(|(name, _)| name == wanted);
        let mut problems = Vec::new();
        let (here, there) =
            (shape.iter().map(|column| (column, &cut)), cut.iter().map(|column| (column, shape)));
        let odd = here
            .map(|(column, other)| (column, &other[..]))
            .chain(there)
            .find(|((column, _), other)| !has(other, column));
        if let Some(((column, _), _)) = odd {
            let what = format!("column `{column}` of `{name}` is there or not, as the future has it");
            problems.push(self.leak(table, column, &what)?);
        }
        let is_compared = |column: &&(String, String)| {
            has(&cut, &column.0)
                && column.0 != "reference_date"
                && !table.key.contains(&column.0)
                && !table.skipped.iter().any(|skipped| column.0.eq_ignore_ascii_case(skipped))
        };
        let columns: Vec<&(String, String)> = shape.iter().filter(is_compared).collect();
        let joined = joined(WHOLE, CUT, name, table.key);
        let mut counts = vec![
            "count(*) filter (where w.in_whole)".to_owned(),
            "count(*) filter (where c.in_cut is null)".to_owned(),
            "count(*) filter (where w.in_whole is null)".to_owned(),
        ];
        counts.extend(columns.iter().map(|column| format!("count(*) filter (where {})", differs(column))));
        let sql = format!("select [{}] {joined}", counts.join(", "));
        let counts =
            self.warehouse.row(&format!("select to_json(a)::varchar from ({sql}) as t(a)"), &[], |row| {
                row.get::<_, String>(0)
            })?;
        let counts: Vec<i64> = counts.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let [rows, gone, new, different @ ..] = &counts[..] else { return Ok((0, 0, problems)) };
        for (count, side, which) in
            [(*gone, "c.in_cut is null", "only with"), (*new, "w.in_whole is null", "only without")]
        {
            if count > 0 {
                let entity = self.example(&joined, table.key, side, &[])?;
                let what =
                    format!("{count} rows of `{name}` are there {which} what became known later: {entity}");
                problems.push(self.leak(table, "", &what)?);
            }
        }
        let is_odd = |condition: &str| -> Result<bool> { self.is_unsteady(table, condition) };
        for (column, count) in columns.iter().zip(different).filter(|(_, count)| **count > 0) {
            let shown = ident(&column.0);
            let entity = self.example(&joined, table.key, &differs(column), &[&shown])?;
            let of = crate::term::thousands(u64::try_from(*rows).unwrap_or(0));
            problems.push(if is_odd(&differs(column))? {
                Problem::data(format!("`{}` of `{name}` is not the same when it is built again: {entity}", column.0))
                    .at(column_place(self.warehouse, self.catalog, table.rendered, &column.0)?)
                    .on(self.date)
                    .hint("it depends on the order of rows: give first(), limit, row_number() and the like an order without ties")
            } else {
                let what = format!("`{}` of `{name}` has seen the future in {count} of {of} rows: {entity}", column.0);
                self.leak(table, &column.0, &what)?
            });
        }
        Ok((*rows, columns.len(), problems))
    }

    fn leak(&self, table: &Compared<'_>, column: &str, what: &str) -> Result<Problem> {
        let place = match (table.rule_place)(column) {
            Some(place) => place,
            None => column_place(self.warehouse, self.catalog, table.rendered, column)?,
        };
        let hint = if table.name.starts_with("scores.") {
            "the label is known only later: no input, and no condition on rows, may depend on it"
        } else if table.name.starts_with("abt.") {
            "outcome() is for the label and label_known_on alone; the population and all other columns come from source() and ref()"
        } else {
            "what is read has to be known before the reference date"
        };
        Ok(Problem::data(what).at(place).on(self.date).hint(hint))
    }

    /// One entity, and its values in both.
    fn example(&self, joined: &str, key: &[String], condition: &str, columns: &[&str]) -> Result<String> {
        let mut parts: Vec<String> = key
            .iter()
            .map(|name| {
                format!("'{} ' || coalesce(w.{1}, c.{1})::varchar", name.replace('\'', "''"), ident(name))
            })
            .collect();
        for column in columns {
            parts.push(format!(
                "'has ' || coalesce(w.{column}::varchar, 'NULL') || ', and without the future ' || coalesce(c.{column}::varchar, 'NULL')"
            ));
        }
        let order = key.iter().map(|name| format!("coalesce(w.{0}, c.{0})", ident(name))).collect::<Vec<_>>();
        let sql = format!(
            "select concat_ws(' ', {}) {joined} where {condition} order by {} limit 1",
            parts.join(", "),
            order.join(", ")
        );
        Ok(self.warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.unwrap_or_default())
    }

    /// Whether the table differs by itself: built from the same rows in another order.
    fn is_unsteady(&self, table: &Compared<'_>, condition: &str) -> Result<bool> {
        if !self.is_shuffled.replace(true) {
            for source in &self.sources {
                let name = ident(source);
                self.warehouse.batch(&format!(
                    "create table {SHUFFLED}.sources.{name} as from {CUT}.sources.{name} order by hash(rowid)"
                ))?;
            }
            self.macros(SHUFFLED)?;
        }
        for other in &table.rendered.refs {
            self.warehouse
                .batch(&format!("create or replace view {SHUFFLED}.{other} as from {CUT}.{other}"))?;
        }
        self.warehouse.batch(&format!("create schema if not exists {SHUFFLED}.scores"))?;
        self.build(SHUFFLED, table.name, table.rendered)?;
        let joined = joined(CUT, SHUFFLED, table.name, table.key);
        let sql = format!("select 1 {joined} where {condition} limit 1");
        Ok(self.warehouse.row(&sql, &[], |_| Ok(()))?.is_some())
    }
}

/// A table that stands in both databases.
struct Compared<'a> {
    name: &'a str,
    key: &'a [String],
    /// Columns that may know the future: the label.
    skipped: &'a [&'a str],
    rendered: &'a Rendered,
    /// Of a column that is a model's rule.
    rule_place: &'a dyn Fn(&str) -> Option<Place>,
}

fn joined(left: &str, right: &str, table: &str, key: &[String]) -> String {
    let on = key.iter().map(|name| format!("w.{0} is not distinct from c.{0}", ident(name)));
    format!(
        "from (select *, true as in_whole from {left}.{table}) as w
         full join (select *, true as in_cut from {right}.{table}) as c on {}",
        on.collect::<Vec<_>>().join(" and ")
    )
}

/// True where a column's values differ in a row that is in both.
fn differs((name, sql_type): &(String, String)) -> String {
    let name = ident(name);
    let apart = format!("w.{name} is distinct from c.{name}");
    let close = if matches!(sql_type.as_str(), "DOUBLE" | "FLOAT") {
        format!(
            " and not coalesce(abs(w.{name} - c.{name}) <= {TOLERANCE:e} * greatest(1, abs(w.{name}), abs(c.{name})), false)"
        )
    } else {
        String::new()
    };
    format!("w.in_whole and c.in_cut and ({apart}){close}")
}
