//! One partition at work on Spark.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use chrono::NaiveDate;
use duckdb::arrow::array::{AsArray, RecordBatch};
use duckdb::arrow::datatypes::Int64Type;

use super::lake::Lake;
use super::plan::Task;
use super::sources::view;
use super::verify;
use crate::catalog::{Catalog, Node};
use crate::config::{Check, Severity};
use crate::portable::{self, Relations, Translation};
use crate::problem::Problem;
use crate::spark::{Failure, Why, ident, text};
use crate::template::Rendered;
use crate::warehouse::joined;

pub struct Job<'a> {
    pub lake: &'a Lake,
    pub catalog: &'a Catalog,
    pub task: &'a Task,
    pub run_id: &'a str,
    pub limit: Option<Duration>,
}

/// What was written to the lake.
pub struct Written {
    /// The folder of all rows, and that of the partition: they differ where checks keep rows out.
    pub all: String,
    pub folder: String,
    pub rows: i64,
    /// Whether no row fails a check, and each has a key of its own.
    pub is_sound: bool,
}

impl Job<'_> {
    /// The rows of the analyst's SELECT.
    pub fn fetch(&self) -> Result<Vec<RecordBatch>> {
        self.own("")
    }

    /// Writes them to a folder, and counts them.
    pub fn write(&self, node: &Node) -> Result<Written> {
        let Task { table, date, fingerprint, .. } = self.task;
        let root = &self.lake.root;
        let mut all =
            format!("{root}/{}/reference_date={date}/fingerprint={fingerprint}", table.replace('.', "/"));
        if self.lake.folder(table, *date).starts_with(&all) {
            // It is in use until the ledger names another.
            all = format!("{all}.{}", self.run_id);
        }
        self.own(&into(&all))?;
        let counts = self.counts(node, &all)?;
        let is_sound = counts[0] == counts[1] && counts[2..].iter().all(|count| *count == 0);
        let failing = node.spec.checks.iter().zip(&counts[3..]).filter(|(_, failing)| **failing > 0);
        let dropping: Vec<&Check> =
            failing.map(|(check, _)| check).filter(|check| check.severity == Severity::Drop).collect();
        let folder = if dropping.is_empty() { all.clone() } else { self.sift(node, &all, &dropping)? };
        Ok(Written { all, folder, rows: counts[0], is_sound })
    }

    /// The rows of a folder.
    pub fn read(&self, folder: &str) -> Result<Vec<RecordBatch>> {
        let done = self.lake.spark.run(&format!("select * from {}", relation(folder)), self.limit);
        Ok(done.map_err(|failure| failure.problem(self.lake.spark.address()).on(self.task.date))?)
    }

    /// Runs the analyst's SELECT behind `head`.
    fn own(&self, head: &str) -> Result<Vec<RecordBatch>> {
        let (lake, date) = (self.lake, self.task.date);
        let rendered = self.catalog.render_with(&lake.templates, &self.task.table, date)?;
        let as_of = |name: &String| -> Result<(String, String)> {
            let shown = portable::as_of(name, &lake.specs[name], date, &view(name), &lake.templates)?;
            Ok((name.clone(), format!("({shown})")))
        };
        let sources = rendered.sources.iter().map(as_of).collect::<Result<BTreeMap<_, _>>>()?;
        let relations = Relations {
            as_of: &|name| sources[name].clone(),
            whole: &view,
            table: &|table| dated(&lake.folder(table, date), date),
        };
        let translation = portable::select(&rendered, &lake.templates, &relations)
            .map_err(|mut refused| refused.swap_remove(0))?;
        let sql = format!("{head}{}", translation.sql);
        let done = lake.spark.run(&sql, self.limit);
        Ok(done.map_err(|failure| self.explain(&failure, head, &rendered, &translation))?)
    }

    /// What Spark said of the analyst's SELECT, at its line.
    fn explain(&self, failure: &Failure, head: &str, rendered: &Rendered, made: &Translation) -> Problem {
        let problem = failure.problem(self.lake.spark.address());
        if !matches!(failure.why, Why::Query | Why::Rows | Why::Late) {
            return problem;
        }
        let templates = &self.lake.templates;
        let own =
            failure.at.and_then(|(line, column)| Some((line.checked_sub(head.lines().count())?, column - 1)));
        let located = own.map(|(line, column)| templates.locate(rendered, made.origin(line, column, "")));
        let problem = problem.on(self.task.date);
        match located {
            Some(located) => located.of(problem),
            None => problem.at_least(&rendered.file, templates.source(&rendered.file)),
        }
    }

    /// Counts the rows of a folder.
    fn counts(&self, node: &Node, folder: &str) -> Result<Vec<i64>> {
        let items = verify::counts(node);
        let sql = format!("select {} from {}", items.join(", "), node.name);
        let rows = self.checked(node, "", &sql, &dated(folder, self.task.date))?;
        let count = |at: usize| {
            let column = rows.first().map(|batch| batch.column(at));
            column.and_then(|column| Some(column.as_primitive_opt::<Int64Type>()?.value(0))).unwrap_or(0)
        };
        Ok((0..items.len()).map(count).collect())
    }

    /// Writes what `checks` do not keep out to a folder beside `all`.
    fn sift(&self, node: &Node, all: &str, checks: &[&Check]) -> Result<String> {
        let kept = format!("{all}.kept");
        let kept_in = checks.iter().map(|check| format!("coalesce(({}), true)", check.expression));
        let sql = format!("select * from {} where {}", node.name, joined(kept_in, " and "));
        self.checked(node, &into(&kept), &sql, &relation(all))?;
        Ok(kept)
    }

    /// Runs what config's checks make of the rows of a folder.
    fn checked(&self, node: &Node, head: &str, sql: &str, rows: &str) -> Result<Vec<RecordBatch>> {
        let nothing = |_: &str| String::new();
        let table = |_: &str| rows.to_owned();
        let relations = Relations { as_of: &nothing, whole: &nothing, table: &table };
        let place = || self.catalog.templates.config_key(&node.file, "checks");
        let translation = portable::translate(sql, &relations).map_err(|refusals| {
            let problem = refusals[0].problem().at(place());
            Problem { message: format!("a check is not for Spark: {}", problem.message), ..problem }
        })?;
        let done = self.lake.spark.run(&format!("{head}{}", translation.sql), self.limit);
        Ok(done
            .map_err(|failure| failure.problem(self.lake.spark.address()).at(place()).on(self.task.date))?)
    }
}

/// What is put before a SELECT to write its rows to a folder.
fn into(folder: &str) -> String {
    format!("insert overwrite directory {} using parquet\n", text(folder))
}

/// The rows of a folder, in FROM.
fn relation(folder: &str) -> String {
    format!("parquet.{}", ident(folder))
}

/// The same as DuckDB has them, with their date.
fn dated(folder: &str, date: NaiveDate) -> String {
    format!("(select date '{date}' as reference_date, * from {})", relation(folder))
}
