//! A warehouse in memory whose sources are given row by row, and the tool's own build upon it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::NaiveDate;

use super::file::{Case, Line, Row, Rows};
use crate::catalog::{Catalog, Node};
use crate::config::{SourceSpec, source_file};
use crate::diagnose::{advice, analyst};
use crate::earlier;
use crate::guard::Guard;
use crate::ingest::{self, Known, Loads, as_of_select, loaded_select};
use crate::problem::{Problem, is_word, suggest};
use crate::project::Project;
use crate::sql::{Expression, Select};
use crate::template::Kind;
use crate::warehouse::{Engine, SqlError, Warehouse, ident, idents, joined, text};

/// Names the builds in the ledger, which nobody reads.
pub const RUN: &str = "case";

struct Source {
    name: String,
    spec: SourceSpec,
    /// Of its rows, from its raw table.
    select: String,
    /// The sources it is made with.
    needs: BTreeSet<String>,
}

/// One database for many cases, each of which finds other rows in it.
pub struct Bench<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) warehouse: Warehouse,
    pub(super) guard: Guard,
    pub(super) loads: Loads,
    /// Each after those that it is made with; none where the sources are somebody else's.
    sources: Vec<Source>,
    /// Raw tables with rows of an earlier case.
    filled: BTreeSet<String>,
    /// Tables that are there, with rows or without.
    pub(super) made: BTreeSet<String>,
}

impl<'a> Bench<'a> {
    /// Empty tables of raw files and sources, with their as-of relations.
    pub fn new(project: &Project, catalog: &'a Catalog) -> Result<Self> {
        let warehouse = Warehouse::in_memory(&Engine { threads: Some(1), ..Engine::default() })?;
        warehouse.batch("create schema raw")?;
        let mut sources = Vec::new();
        for Known { name, spec, rendered: plain } in ingest::in_order(project, &catalog.templates)? {
            let (raw, table) = (format!("raw.{}", ident(&name)), format!("sources.{}", ident(&name)));
            let columns = spec.in_file().map(|column| format!("{} {}", ident(&column.name), column.sql_type));
            warehouse.batch(&format!("create table {raw} ({})", joined(columns, ", ")))?;
            let rendered = catalog.templates.render(&source_file(&name), Kind::Source, None, Some(&raw))?;
            let explain = |error| analyst(&warehouse, error, &rendered, &catalog.templates);
            let select = loaded_select(&spec, &rendered.select().map_err(explain)?);
            warehouse.run(&select.within(&format!("create table {table} as "), "")).map_err(explain)?;
            let as_of = as_of_select(&warehouse, &name, &spec)?;
            let relation = ident(&format!("{name}_as_of"));
            warehouse.batch(&format!("create macro sources.{relation}(reference_date) as table {as_of}"))?;
            sources.push(Source { name, spec, select: select.to_string(), needs: plain.sources });
        }
        let loads = sources.iter().map(|source| (source.name.clone(), String::new())).collect();
        Self::of(warehouse, catalog, loads, sources)
    }

    /// Over the sources of a warehouse that is there; the tables are built beside it.
    pub fn over(whole: &Warehouse, catalog: &'a Catalog) -> Result<Self> {
        const BESIDE: &str = "cases";
        let beside = whole.beside(BESIDE)?;
        earlier::lay_out(whole, BESIDE)?;
        Self::of(beside, catalog, Loads::read(whole)?, Vec::new())
    }

    fn of(warehouse: Warehouse, catalog: &'a Catalog, loads: Loads, sources: Vec<Source>) -> Result<Self> {
        let guard = Guard::new(&warehouse, catalog, RUN)?;
        let (filled, made) = (BTreeSet::new(), BTreeSet::new());
        Ok(Self { catalog, warehouse, guard, loads, sources, filled, made })
    }

    /// What comes out of a case: rows of the columns that it expects.
    pub fn rows(&mut self, case: &Case) -> Result<Vec<Vec<String>>> {
        let node = self.check(case)?;
        self.fill(case, &self.needed(&node.name, case.date)?)?;
        self.build(&node.name, case.date, case.until)?;
        let partition =
            Select::of(&format!("from {} where reference_date = date '{}'", node.name, case.date))?;
        let proven = |line, text: &String| {
            proven(text).map_err(|error| self.explained(case, line, text, &partition, &error))
        };
        let condition = case.condition.as_ref().map(|(line, text)| proven(line, text)).transpose()?;
        let condition = condition.unwrap_or_else(|| "true".to_owned());
        let columns = case.expect.columns.iter().map(|text| proven(&case.expect.header, text));
        let columns = columns.collect::<Result<Vec<String>, _>>()?;
        let from = format!("({partition}) where {condition}");
        texts(&self.warehouse, &columns, &from)
            .map_err(|error| self.misnamed(case, &partition, &error).into())
    }

    /// All columns of the row of `node` with this key.
    pub fn row(
        &mut self,
        node: &Node,
        date: NaiveDate,
        until: Option<NaiveDate>,
        key: &[String],
    ) -> Result<Option<Vec<String>>> {
        self.build(&node.name, date, until)?;
        let columns: Vec<String> = self.columns(node)?.iter().map(|name| ident(name)).collect();
        let from = format!("{} where reference_date = date '{date}' and {}", node.name, is_key(node, key));
        Ok(texts(&self.warehouse, &columns, &from)?.into_iter().next())
    }

    /// The columns of a table that is built, without the reference date.
    pub fn columns(&self, node: &Node) -> Result<Vec<String>> {
        let columns = self.warehouse.shape(&node.name)?.into_iter().map(|(name, _)| name);
        Ok(columns.filter(|name| name != "reference_date").collect())
    }

    /// Rows of a table that is built at `date`.
    pub fn count(&self, node: &Node, date: NaiveDate) -> Result<i64> {
        let sql = format!("select count(*) from {} where reference_date = date '{date}'", node.name);
        Ok(self.warehouse.one(&sql, &[], |row| row.get(0))?)
    }

    /// The first keys of a table that is built.
    pub fn keys(&self, node: &Node, date: NaiveDate) -> Result<Vec<String>> {
        let key: Vec<String> = node.spec.key.iter().map(|name| ident(name)).collect();
        let from = format!("{} where reference_date = date '{date}' order by all limit 3", node.name);
        Ok(texts(&self.warehouse, &key, &from)?.into_iter().map(|cells| cells.join(" ")).collect())
    }

    /// The table of a case, all whose names are known.
    fn check(&self, case: &Case) -> Result<&'a Node> {
        let table = &case.expect.table;
        let Some(node) = self.catalog.tables.get(table) else {
            let hint = suggest(table, self.catalog.tables.keys().map(String::as_str));
            let problem = Problem::usage(format!("there is no table `{table}`"));
            return Err(problem.at(case.at(&case.expect.line, table)).maybe_hint(hint).into());
        };
        for Rows { table, line, header, columns, .. } in &case.given {
            let Some(source) = self.sources.iter().find(|source| source.name == *table) else {
                let hint = suggest(table, self.sources.iter().map(|source| source.name.as_str()));
                let problem = Problem::usage(format!("there is no source `{table}`"));
                return Err(problem.at(case.at(line, table)).maybe_hint(hint).into());
            };
            let names: Vec<&str> = source.spec.in_file().map(|column| column.name.as_str()).collect();
            if let Some(wrong) = columns.iter().find(|name| !names.contains(&name.as_str())) {
                let problem = Problem::usage(format!("`{table}` has no column `{wrong}`"));
                return Err(problem.at(case.at(header, wrong)).maybe_hint(suggest(wrong, names)).into());
            }
        }
        Ok(node)
    }

    /// The sources that a table is made of, directly or not.
    pub fn needed(&self, table: &str, date: NaiveDate) -> Result<BTreeSet<String>> {
        let mut needed = BTreeSet::new();
        for name in self.catalog.upstream(table).iter().map(String::as_str).chain([table]) {
            let rendered = self.catalog.render(name, date)?;
            needed.extend(rendered.sources.union(&rendered.outcomes).cloned());
        }
        for source in self.sources.iter().rev() {
            if needed.contains(&source.name) {
                needed.extend(source.needs.iter().cloned());
            }
        }
        Ok(needed)
    }

    fn fill(&mut self, case: &Case, needed: &BTreeSet<String>) -> Result<()> {
        let given: Vec<&Rows> = case.given.iter().filter(|rows| !rows.rows.is_empty()).collect();
        let names: BTreeSet<String> = given.iter().map(|rows| rows.table.clone()).collect();
        self.warehouse.transaction(|| {
            for name in &self.filled {
                self.warehouse.again(&format!("delete from raw.{}", ident(name)), |_| Ok(()))?;
            }
            given.iter().try_for_each(|rows| self.insert(case, rows))?;
            for Source { name, select, .. } in
                self.sources.iter().filter(|source| needed.contains(&source.name))
            {
                let name = ident(name);
                self.warehouse.again(&format!("delete from sources.{name}"), |_| Ok(()))?;
                self.warehouse.again(&format!("insert into sources.{name} {select}"), |_| Ok(()))?;
            }
            Ok(())
        })?;
        self.filled = names;
        Ok(())
    }

    fn insert(&self, case: &Case, given: &Rows) -> Result<()> {
        let row = |row: &Row| format!("({})", joined(row.cells.iter().map(|cell| literal(cell)), ", "));
        let rows = joined(given.rows.iter().map(row), ", ");
        let (table, columns) = (ident(&given.table), idents(&given.columns));
        let sql = format!("insert into raw.{table} ({columns}) values {rows}");
        let Err(error) = self.warehouse.batch(&sql) else { return Ok(()) };
        // The transaction is over.
        let other = self.warehouse.another()?;
        let types: BTreeMap<String, String> =
            other.columns(&format!("raw.{}", given.table))?.into_iter().collect();
        for Row { line, cells } in &given.rows {
            for (column, cell) in given.columns.iter().zip(cells) {
                let sql = format!("select {}::{}", literal(cell), types[column]);
                if other.row(&sql, &[], |_| Ok(())).is_err() {
                    let what =
                        format!("`{cell}` is no {}, which `{column}` is", types[column].to_lowercase());
                    return Err(Problem::usage(what).at(case.at(line, cell)).into());
                }
            }
        }
        Err(error.into())
    }

    /// Which expression of a case it is that does not work.
    fn misnamed(&self, case: &Case, partition: &Select, error: &SqlError) -> Problem {
        let columns = case.expect.columns.iter().map(|text| (&case.expect.header, text));
        let condition = case.condition.iter().map(|(line, text)| (line, text));
        let failing = columns.chain(condition).find_map(|(line, text)| {
            let sql = partition.computing(HEAD, &Expression::of(text).ok()?, ")");
            let error = self.warehouse.rows(sql.as_str(), &[], |_| Ok(())).err()?;
            Some(self.explained(case, line, text, &sql, &error))
        });
        failing.unwrap_or_else(|| self.explained(case, &case.expect.header, "", partition, error))
    }

    fn explained(&self, case: &Case, line: &Line, word: &str, sql: &Select, error: &SqlError) -> Problem {
        advice(&self.warehouse, sql.as_str(), error, &[]).at(case.at(line, word)).on(case.date)
    }
}

/// What stands before an expression that is tried alone.
const HEAD: &str = "select (";

/// An expression; the name of a column is one without being parsed.
fn proven(text: &str) -> Result<String, SqlError> {
    if text.chars().all(is_word) { Ok(text.to_owned()) } else { Ok(Expression::of(text)?.to_string()) }
}

/// The condition that is true for the row of `node` with this key.
pub fn is_key(node: &Node, key: &[String]) -> String {
    let plain = |name: &str| if name.chars().all(is_word) { name.to_owned() } else { ident(name) };
    let parts = node.spec.key.iter().zip(key);
    joined(parts.map(|(name, value)| format!("{} = {}", plain(name), text(value))), " and ")
}

/// An empty cell of a raw file is a NULL.
fn literal(cell: &str) -> String {
    if cell.is_empty() || cell == "null" { "null".to_owned() } else { text(cell) }
}

/// Cells as texts, each as a case can hold it: NULL is `null`, and a text is in one line, without the sign between cells.
pub fn texts(warehouse: &Warehouse, columns: &[String], from: &str) -> Result<Vec<Vec<String>>, SqlError> {
    let cells = columns.iter().map(|column| format!("coalesce(({column})::varchar, 'null')"));
    let is_odd = |c: char| c == '|' || c.is_whitespace();
    let plain = |cell: String| {
        if !cell.contains(is_odd) {
            return cell;
        }
        cell.replace('|', "/").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let read = |row: &duckdb::Row<'_>| (0..columns.len()).map(|at| row.get(at).map(plain)).collect();
    warehouse.again(&format!("select {} from {from}", joined(cells, ", ")), read)
}
