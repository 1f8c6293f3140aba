//! A warehouse whose sources are given row by row, and the tool's own build upon it, all in this process.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use chrono::NaiveDate;
use olist::catalog::Catalog;
use olist::config::SourceSpec;
use olist::ingest::{self, as_of_select, loaded_select, source_file};
use olist::project::Project;
use olist::run::{Loaded, Options, Run};
use olist::sql::Select;
use olist::template::{Kind, Templates, Vars};
use olist::warehouse::{Engine, Warehouse, ident, text};
use tempfile::TempDir;

use super::format::{Case, Rows};

/// One database for many cases, each of which finds it empty.
pub struct Bench {
    project: Project,
    warehouse: Warehouse,
    /// What fills each source from its raw table, each after those that it is made with.
    loads: Vec<(String, String)>,
    specs: BTreeMap<String, SourceSpec>,
    /// The project at the dates of the cases.
    catalogs: BTreeMap<NaiveDate, Catalog>,
    /// After the warehouse: it is in there.
    _folder: TempDir,
}

impl Bench {
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let database: PathBuf = folder.path().join("cases.duckdb");
        let engine = Engine { threads: Some(1), ..Engine::default() };
        let warehouse = Warehouse::open(&database, &engine)?;
        let project = Project::built_in();
        let templates = Templates::new(&project, Vars::new())?;
        let specs = ingest::specs(&project, &templates)?;
        let mut bench =
            Self { project, warehouse, loads: Vec::new(), specs, catalogs: BTreeMap::new(), _folder: folder };
        bench.make_sources(&templates)?;
        Ok(bench)
    }

    /// Empty tables of raw files and sources, with their as-of relations.
    fn make_sources(&mut self, templates: &Templates) -> Result<()> {
        self.warehouse.batch("create schema raw")?;
        let mut open: BTreeSet<&String> = self.specs.keys().collect();
        while !open.is_empty() {
            let before = open.len();
            for (name, spec) in &self.specs {
                let (raw, source) = (format!("raw.{name}"), format!("sources.{name}"));
                let rendered = templates.render(&source_file(name), Kind::Source, None, Some(&raw))?;
                if !open.contains(name) || rendered.sources.iter().any(|need| open.contains(need)) {
                    continue;
                }
                let columns: Vec<String> = spec
                    .in_file()
                    .map(|column| format!("{} {}", ident(&column.name), column.sql_type))
                    .collect();
                self.warehouse.batch(&format!("create table {raw} ({})", columns.join(", ")))?;
                let select = loaded_select(spec, &Select::of(&rendered.sql)?).to_string();
                self.warehouse.batch(&format!("create table {source} as {select}"))?;
                let as_of = as_of_select(&self.warehouse, name, spec)?;
                self.warehouse
                    .batch(&format!("create macro {source}_as_of(reference_date) as table {as_of}"))?;
                self.loads.push((source, select));
                open.remove(name);
            }
            assert!(open.len() < before, "a circle of sources: {open:?}");
        }
        Ok(())
    }

    /// The rows of the case's table, as the columns that it expects.
    pub fn rows(&mut self, case: &Case) -> Result<Vec<Vec<String>>> {
        self.warehouse.transaction(|| self.fill(&case.given))?;
        self.build(case)?;
        let columns: Vec<String> = case
            .expect
            .columns
            .iter()
            .map(|column| format!("coalesce(({column})::varchar, 'null')"))
            .collect();
        let condition = case.condition.as_deref().unwrap_or("true");
        let sql = format!("select [{}] from {} where {condition}", columns.join(", "), case.expect.table);
        let sql = format!("select unnest(row) from ({sql}) as t(row)");
        let cells = self
            .warehouse
            .rows(&sql, &[], |row| row.get::<_, String>(0))
            .map_err(|error| anyhow!("{}", error.headline()))?;
        Ok(cells.chunks(columns.len()).map(<[String]>::to_vec).collect())
    }

    fn fill(&self, given: &[Rows]) -> Result<()> {
        for name in self.specs.keys() {
            self.warehouse.batch(&format!("truncate raw.{name}"))?;
        }
        for Rows { table, columns, rows } in given {
            assert!(self.specs.contains_key(table), "there is no source `{table}`");
            let columns: Vec<String> = columns.iter().map(|column| ident(column)).collect();
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| literal(cell)).collect();
                self.warehouse.batch(&format!(
                    "insert into raw.{table} ({}) values ({})",
                    columns.join(", "),
                    cells.join(", ")
                ))?;
            }
        }
        for (source, select) in &self.loads {
            self.warehouse.batch(&format!("truncate {source}; insert into {source} {select}"))?;
        }
        Ok(())
    }

    /// Builds the table and what it needs, as `olist run` does.
    fn build(&mut self, case: &Case) -> Result<()> {
        let date = case.date.parse()?;
        // What the cases before have built.
        self.warehouse.batch("delete from pipeline.partitions")?;
        if self.warehouse.has_table(&case.expect.table)? {
            self.warehouse.batch(&format!("drop table {}", case.expect.table))?;
        }
        if let Entry::Vacant(entry) = self.catalogs.entry(date) {
            let catalog = Catalog::read(&self.project, Vars::new(), date)?;
            if let Some(mistake) = catalog.mistakes.first() {
                return Err(anyhow!("{mistake}"));
            }
            entry.insert(catalog);
        }
        let catalog = &self.catalogs[&date];
        let mut tables = catalog.upstream(&case.expect.table);
        tables.insert(case.expect.table.clone());
        // Every day up to the reference date and far beyond is complete, unless the case says otherwise.
        let data_until = case.until.as_deref().unwrap_or("2025-12-31").parse()?;
        let loads = self.specs.keys().map(|name| (name.clone(), String::new())).collect();
        let loaded = Loaded { loads, data_until };
        let options = Options { id: case.place.clone(), cores: 1, force: true, time_limit: None };
        Run::new(&self.warehouse, catalog, &loaded, options)?.build(&tables, &[date])
    }
}

/// An empty cell of a raw file is a NULL.
fn literal(cell: &str) -> String {
    if cell.is_empty() || cell == "null" { "null".to_owned() } else { text(cell) }
}
