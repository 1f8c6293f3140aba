//! What a rendered query can reach, read from its syntax tree before anything runs.
//!
//! The file is rendered once more with a seal: `source`, `ref` and `outcome` put a text before their schemas that no
//! file can know. What stands in the tree without it was written by hand, whatever macro or filter it came through.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use super::walk::{Allowed, Walk};
use crate::catalog::{Catalog, Model};
use crate::config::Task;
use crate::learn::Algorithm;
use crate::problem::{Place, Problem};
use crate::sql::tree::{NoTree, tree};
use crate::template::{Kind, Rendered, Templates};
use crate::warehouse::Warehouse;

/// DuckDB's functions, as far as they decide what may be called.
pub struct Functions {
    /// Made by somebody in this database.
    pub foreign: Vec<String>,
    pub changing: Vec<String>,
    pub schemas: Vec<String>,
}

impl Functions {
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let names = |sql: &str| warehouse.rows(sql, &[], |row| row.get::<_, String>(0));
        let functions = |condition: &str| {
            names(&format!("select distinct lower(function_name) from duckdb_functions() where {condition}"))
        };
        Ok(Self {
            foreign: functions("not internal")?,
            changing: functions("internal and stability <> 'CONSISTENT' and function_name <> 'error'")?,
            schemas: names("select distinct lower(schema_name) from duckdb_schemas()")?,
        })
    }
}

/// Everything in a table's or model's file that could show what was not known at `date`: its query, its checks, and the
/// expressions of a model.
pub fn check(
    warehouse: &Warehouse,
    catalog: &Catalog,
    sealed: &Templates,
    functions: &Functions,
    table: &str,
    date: NaiveDate,
) -> Result<Vec<Problem>> {
    let rendered = catalog.render_with(sealed, table, date)?;
    let mut found = query(warehouse, sealed, functions, &rendered, Some(date))?;
    let mut look = |path: &str, expression: &str, hidden: &[&str]| -> Result<()> {
        let place = |at: usize| catalog.templates.in_config(&rendered.file, path, at);
        found.extend(of_expression(warehouse, functions, expression, hidden, Some(date), &place)?);
        Ok(())
    };
    if let Some(node) = catalog.tables.get(table) {
        for check in &node.spec.checks {
            look(&check.path, &check.expression, &[])?;
        }
    } else {
        let model = catalog.model(table.trim_start_matches("scores."))?;
        let hidden: Vec<&str> =
            model.spec.label().into_iter().flat_map(|label| [label, "label_known_on"]).collect();
        for (path, expression) in expressions(model) {
            look(&path, expression, &hidden)?;
        }
    }
    Ok(found)
}

/// The expressions of a model over its SELECT, by their place in its config.
fn expressions(model: &Model) -> Vec<(String, &str)> {
    let rules = model.spec.candidates.iter().filter_map(|candidate| match &candidate.algorithm {
        Algorithm::Sql { expression } => {
            Some((format!("candidates.{}.expression", candidate.name), expression.as_str()))
        }
        _ => None,
    });
    let more: Vec<(String, &str)> = match &model.spec.task {
        Task::Binary(binary) => {
            binary.slices.iter().map(|(name, sql)| (format!("slices.{name}"), sql.as_str())).collect()
        }
        Task::Clusters(clusters) => {
            let profile =
                clusters.profile.iter().map(|(name, sql)| (format!("profile.{name}"), sql.as_str()));
            profile.chain([("name".to_owned(), clusters.name.as_str())]).collect()
        }
    };
    rules.chain(more).collect()
}

/// The same of the file of a source: its SELECT, which reads its raw file and other sources alone.
pub fn of_source(
    warehouse: &Warehouse,
    sealed: &Templates,
    functions: &Functions,
    file: &str,
) -> Result<Vec<Problem>> {
    let rendered = sealed.render(file, Kind::Source, None, Some(RAW))?;
    query(warehouse, sealed, functions, &rendered, None)
}

/// What `raw()` is while nothing is read.
const RAW: &str = "raw";

/// The same of one query, rendered with the seal.
pub fn query(
    warehouse: &Warehouse,
    sealed: &Templates,
    functions: &Functions,
    rendered: &Rendered,
    date: Option<NaiveDate>,
) -> Result<Vec<Problem>> {
    let tree = match tree(warehouse, &rendered.sql)? {
        Ok(tree) => tree,
        // What cannot be read is told by the build, with its place; what is no SELECT is told here.
        Err(NoTree { is_syntax: true, .. }) => return Ok(Vec::new()),
        Err(NoTree { message, .. }) => {
            let place = Place::at_offset(&rendered.file, sealed.source(&rendered.file), 0);
            let problem =
                Problem::usage(format!("the syntax of this query cannot be looked through: {message}"));
            return Ok(vec![
                problem.at(place).maybe_on(date).hint("write it as one SELECT; a `pivot` needs its `in (…)`"),
            ]);
        }
    };
    let place = |at: Option<usize>| {
        let origin = at.and_then(|at| rendered.map.origin(at)).unwrap_or((&rendered.file, 0));
        let place = Place::at_offset(origin.0, sealed.source(origin.0), origin.1);
        // Where it was written: in an argument of the call, or in the macro.
        let inner = at.and_then(|at| sealed.locate(rendered, at)).map(|located| located.place);
        if let Some(argument) = inner.clone().filter(|inner| inner.file == place.file) {
            return (argument, None);
        }
        let note =
            inner.map(|at| format!("within {}:{}:{}: {}", at.file, at.line, at.column, at.text.trim()));
        (place, note)
    };
    let is_source = date.is_none();
    let allowed = Allowed {
        seal: sealed.seal(),
        whole: if is_source { &rendered.sources } else { &rendered.outcomes },
        raw: is_source.then_some(RAW),
        hidden: &[],
    };
    Ok(Walk::over(&tree, &allowed, functions, date, &place, &rendered.sql))
}

/// The same of an expression over the columns of a query, which reads no table; `hidden` columns are known only later.
fn of_expression(
    warehouse: &Warehouse,
    functions: &Functions,
    expression: &str,
    hidden: &[&str],
    date: Option<NaiveDate>,
    place: &dyn Fn(usize) -> Place,
) -> Result<Vec<Problem>> {
    let head = "select (";
    // What is no expression is told by the build.
    let Ok(tree) = tree(warehouse, &format!("{head}{expression})"))? else { return Ok(Vec::new()) };
    let place = |at: Option<usize>| (place(at.map_or(0, |at| at.saturating_sub(head.len()))), None);
    // A seal that no name can start with: an expression may read no table at all.
    let allowed = Allowed { seal: "\0", whole: &BTreeSet::new(), raw: None, hidden };
    Ok(Walk::over(&tree, &allowed, functions, date, &place, expression))
}

/// The seal of this run: it need not be secret, only unknown when the files were written.
pub fn seal(run_id: &str) -> String {
    format!("sealed_{}_", &crate::fingerprint::of(&[run_id])[..12])
}
