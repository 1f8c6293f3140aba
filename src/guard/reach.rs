//! What a rendered query can reach, read from its syntax tree before anything runs.
//!
//! The file is rendered once more with a seal: `source`, `ref` and `outcome` put a text before their schemas that no
//! file can know. What stands in the tree without it was written by hand, whatever macro or filter it came through.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use super::walk::{Allowed, Walk};
use crate::catalog::{Catalog, Model, Node};
use crate::config::{Check, Severity, Task};
use crate::fingerprint;
use crate::learn::Algorithm;
use crate::problem::{Place, Problem};
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
    fn read(warehouse: &Warehouse) -> Result<Self> {
        let functions = "select distinct lower(function_name), not internal from duckdb_functions()
            where not internal or stability <> 'CONSISTENT' and function_name <> 'error'";
        let functions: Vec<(String, bool)> = warehouse.rows(functions, &[], |row| row.try_into())?;
        let named = |foreign| {
            let own = functions.iter().filter(move |(_, is_foreign)| *is_foreign == foreign);
            own.map(|(name, _)| name.clone()).collect()
        };
        let schemas = "select distinct lower(schema_name) from duckdb_schemas()";
        let schemas = warehouse.rows(schemas, &[], |row| row.get(0))?;
        Ok(Self { foreign: named(true), changing: named(false), schemas })
    }
}

/// Looks into files for what they must not reach.
pub struct Reach {
    /// See `Templates::sealed`.
    pub sealed: Templates,
    functions: Functions,
}

impl Reach {
    /// The seal is made of `name`: it need not be secret, only unknown when the files were written.
    pub fn new(warehouse: &Warehouse, templates: &Templates, name: &str) -> Result<Self> {
        let seal = format!("sealed_{}_", &fingerprint::of(&[name])[..12]);
        Ok(Self { sealed: templates.sealed(&seal), functions: Functions::read(warehouse)? })
    }

    /// Everything in a table's or model's file that could show what was not known at `date`: its query, its checks, and
    /// the expressions of a model.
    pub fn table(&self, catalog: &Catalog, table: &str, date: NaiveDate) -> Result<Vec<Problem>> {
        let rendered = catalog.render_with(&self.sealed, table, date)?;
        let mut found = self.query(&rendered);
        // Whoever is kept out by what is known only later is in when it is scored.
        let (label, expressions) = if let Some(node) = catalog.tables.get(table) {
            (node.spec.label.as_deref(), checks(node))
        } else {
            let model = catalog.model(table.trim_start_matches("scores."))?;
            (model.spec.label(), expressions(model))
        };
        let hidden: Vec<&str> = label.into_iter().flat_map(|label| [label, "label_known_on"]).collect();
        for Ruled { path, expression, may_see_label } in expressions {
            let hidden = if may_see_label { &[] } else { &hidden[..] };
            let place = |at: usize| catalog.templates.in_config(&rendered.file, &path, at);
            found.extend(self.expression(expression, hidden, date, &place)?);
        }
        Ok(found)
    }

    /// The same of the file of a source: its SELECT, which reads its raw file and other sources alone.
    pub fn source(&self, file: &str) -> Result<Vec<Problem>> {
        Ok(self.query(&self.sealed.render(file, Kind::Source, None, Some(RAW))?))
    }

    /// The same of one query, rendered with the seal. What is no SELECT is told by what runs it, with its place.
    pub fn query(&self, rendered: &Rendered) -> Vec<Problem> {
        let sealed = &self.sealed;
        let place = |at: Option<usize>| {
            let found = at.map(|at| sealed.locate_call(rendered, at));
            let (place, inner) = found.unwrap_or_else(|| (sealed.place(&rendered.file, ""), None));
            let note =
                |at: Place| format!("within {}:{}:{}: {}", at.file, at.line, at.column, at.text.trim());
            (place, inner.map(note))
        };
        let is_source = rendered.kind == Kind::Source;
        let allowed = Allowed {
            seal: sealed.seal(),
            whole: if is_source { &rendered.sources } else { &rendered.outcomes },
            raw: is_source.then_some(RAW),
            hidden: &[],
        };
        Walk::over(&rendered.sql, &allowed, &self.functions, rendered.date, &place).unwrap_or_default()
    }

    /// The same of an expression over the columns of a query, which reads no table; `hidden` columns are known only
    /// later.
    fn expression(
        &self,
        expression: &str,
        hidden: &[&str],
        date: NaiveDate,
        place: &dyn Fn(usize) -> Place,
    ) -> Result<Vec<Problem>> {
        let head = "select (";
        let place = |at: Option<usize>| (place(at.map_or(0, |at| at.saturating_sub(head.len()))), None);
        // A seal that no name can start with: an expression may read no table at all.
        let allowed = Allowed { seal: "\0", whole: &BTreeSet::new(), raw: None, hidden };
        Ok(Walk::over(&format!("{head}{expression})"), &allowed, &self.functions, Some(date), &place)?)
    }
}

/// What `raw()` is while nothing is read.
const RAW: &str = "raw";

/// An expression over the columns of a query, and its place in the config.
struct Ruled<'a> {
    path: String,
    expression: &'a str,
    may_see_label: bool,
}

fn checks(node: &Node) -> Vec<Ruled<'_>> {
    let checks = node.spec.checks.iter().map(|Check { path, expression, severity }| Ruled {
        path: path.clone(),
        expression,
        may_see_label: *severity != Severity::Drop,
    });
    checks.collect()
}

fn expressions(model: &Model) -> Vec<Ruled<'_>> {
    let rules = model.spec.candidates.iter().filter_map(|candidate| match &candidate.algorithm {
        Algorithm::Sql { expression } => {
            Some((format!("candidates.{}.expression", candidate.name), expression))
        }
        _ => None,
    });
    let (head, named, name) = match &model.spec.task {
        Task::Binary(binary) => ("slices", &binary.slices, None),
        Task::Clusters(clusters) => ("profile", &clusters.profile, Some(&clusters.name)),
    };
    let named = named.iter().map(|(name, expression)| (format!("{head}.{name}"), expression));
    let all = rules.chain(named).chain(name.map(|name| ("name".to_owned(), name)));
    all.map(|(path, expression)| Ruled { path, expression, may_see_label: false }).collect()
}
