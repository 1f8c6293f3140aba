//! Every table is built twice, in memory: from the whole warehouse, and from one in which all that became known at or
//! after the reference date is deleted. What differs has seen the future.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;

use super::reach::{column_place, rule_place};
use crate::build::{Catalog, Model, Node, columns, verify};
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
    ///
    /// # Errors
    /// DuckDB's.
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
    ///
    /// # Errors
    /// DuckDB's.
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
    ///
    /// # Errors
    /// A query that does not run, at the analyst's line.
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
            warnings.extend(columns::undocumented(self.catalog, node, &rendered, self.date, &shape));
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

    /// A label is settled when it says so: built from what was known before the last `label_known_on`, it is the same.
    fn label(&self, node: &Node, label: &str, rendered: &Rendered) -> Result<Option<Problem>> {
        let name = &node.name;
        let last = format!("select max(label_known_on)::date from {WHOLE}.{name}");
        let Some(last) = self.warehouse.row(&last, &[], |row| row.get::<_, Option<NaiveDate>>(0))?.flatten()
        else {
            return Ok(None);
        };
        self.cut(SETTLED, last)?;
        self.macros(SETTLED)?;
        for other in &rendered.refs {
            self.warehouse
                .batch(&format!("create or replace view {SETTLED}.{other} as from {WHOLE}.{other}"))?;
        }
        build(self.warehouse, self.catalog, self.date, SETTLED, name, rendered)?;
        let joined = joined(WHOLE, SETTLED, name, &node.spec.key);
        let apart = format!("w.in_whole and c.in_cut and w.{0} is distinct from c.{0}", ident(label));
        let count = format!("select count(*) {joined} where {apart}");
        let count = self.warehouse.row(&count, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        if count == 0 {
            return Ok(None);
        }
        let entity = self.example(&joined, &node.spec.key, &apart, &[&ident(label)])?;
        let what = format!(
            "`label_known_on` of `{name}` comes too early: {count} labels change after {last}, the last of them; {entity}"
        );
        let place = column_place(self.warehouse, self.catalog, rendered, "label_known_on")?;
        Ok(Some(Problem::data(what).at(place).on(self.date).hint(
            "a label is known on the day after the last one that can change it: a model would be trained on what was not known yet",
        )))
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

    fn columns(&self, database: &str, table: &str) -> Result<Vec<(String, String)>> {
        Ok(self.warehouse.describe(&format!("from {database}.{table}"))?)
    }

    /// Builds a table from both warehouses, side by side.
    fn build_both(&self, table: &str, rendered: &Rendered) -> Result<()> {
        let (catalog, date, second) = (self.catalog, self.date, &self.second);
        std::thread::scope(|scope| {
            let cut = scope.spawn(move || {
                let second = second.lock().unwrap_or_else(PoisonError::into_inner);
                build(&second, catalog, date, CUT, table, rendered)
            });
            let whole = build(self.warehouse, catalog, date, WHOLE, table, rendered);
            whole.and(cut.join().map_err(|_| anyhow::anyhow!("a build ended by itself"))?)
        })
    }

    fn compare(
        &self,
        table: &Compared<'_>,
        shape: &[(String, String)],
    ) -> Result<(i64, usize, Vec<Problem>)> {
        let name = table.name;
        let cut = self.columns(CUT, name)?;
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
        if problems.is_empty() && self.is_equal(table, &columns)? {
            let sql = format!("select count(*) from {WHOLE}.{name}");
            let rows = self.warehouse.row(&sql, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
            return Ok((rows, columns.len(), problems));
        }
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
        for (column, count) in columns.iter().zip(different).filter(|(_, count)| **count > 0) {
            let shown = ident(&column.0);
            let entity = self.example(&joined, table.key, &differs(column), &[&shown])?;
            let of = crate::term::thousands(u64::try_from(*rows).unwrap_or(0));
            problems.push(if (table.rule_place)(&column.0).is_none() && self.is_unsteady(table, &differs(column))? {
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

    /// Whether both have the same rows, to the last digit: mostly they have, and nothing more is to be asked.
    fn is_equal(&self, table: &Compared<'_>, columns: &[&(String, String)]) -> Result<bool> {
        let mut names: Vec<String> = table.key.iter().map(|name| ident(name)).collect();
        names.extend(columns.iter().map(|(name, _)| ident(name)));
        let (names, name) = (names.join(", "), table.name);
        let sql = format!(
            "select (select count(*) from {WHOLE}.{name}) = (select count(*) from {CUT}.{name})
                 and not exists (select {names} from {WHOLE}.{name} except all select {names} from {CUT}.{name})"
        );
        Ok(self.warehouse.row(&sql, &[], |row| row.get::<_, bool>(0))?.unwrap_or(false))
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
                    "create table {SHUFFLED}.sources.{name} as from {CUT}.sources.{name} order by random()"
                ))?;
            }
            self.macros(SHUFFLED)?;
        }
        for other in &table.rendered.refs {
            self.warehouse
                .batch(&format!("create or replace view {SHUFFLED}.{other} as from {CUT}.{other}"))?;
        }
        build(self.warehouse, self.catalog, self.date, SHUFFLED, table.name, table.rendered)?;
        let joined = joined(CUT, SHUFFLED, table.name, table.key);
        let sql = format!("select 1 {joined} where {condition} limit 1");
        Ok(self.warehouse.row(&sql, &[], |_| Ok(()))?.is_some())
    }
}

/// Builds a table in `database`, from what is there.
fn build(
    warehouse: &Warehouse,
    catalog: &Catalog,
    date: NaiveDate,
    database: &str,
    table: &str,
    rendered: &Rendered,
) -> Result<()> {
    let head =
        format!("create or replace table {table} as select date '{date}' as reference_date, q.* from (\n");
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
