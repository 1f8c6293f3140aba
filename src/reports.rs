//! Reports: queries with a name over the scores of a date, and views of them that any client reads.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Error, Result};
use chrono::NaiveDate;

use crate::catalog::check_name;
use crate::config::{Config, Described};
use crate::diagnose::analyst;
use crate::fingerprint;
use crate::problem::Problem;
use crate::sql::{SqlError, tree};
use crate::template::{Kind, Rendered, Templates};
use crate::warehouse::{Warehouse, ident, text};

const FOLDER: &str = "queries/reports/";

/// The setting that lists the views that olist made, each with what it was made from: others are somebody's own.
const VIEWS: &str = "reports";

/// A file of queries/reports/ at a date.
pub struct Report {
    pub name: String,
    pub date: NaiveDate,
    pub description: String,
    pub rendered: Rendered,
}

/// The reports of a project, by name.
pub fn names(templates: &Templates) -> impl Iterator<Item = &str> {
    let names = templates.files(FOLDER).filter_map(|file| file.strip_prefix(FOLDER)?.strip_suffix(".sql"));
    names.filter(|name| !name.contains('/'))
}

pub fn file_of(name: &str) -> String {
    format!("{FOLDER}{name}.sql")
}

impl Report {
    pub fn read(templates: &Templates, name: &str, date: NaiveDate) -> Result<Self> {
        let file = file_of(name);
        let rendered = templates.render(&file, Kind::Report, Some(date), None)?;
        let Described { description } = Config::new(&rendered, templates.source(&file)).read()?;
        Ok(Self { name: name.to_owned(), date, description, rendered })
    }

    /// At the last date at which the scores that it is about are built; `last` where it is about none. `None` where they
    /// are not built at any.
    pub fn newest(
        warehouse: &Warehouse,
        templates: &Templates,
        name: &str,
        last: NaiveDate,
    ) -> Result<Option<Self>> {
        // What it refers to, and what is wrong with it, is the same at any date.
        let report = Self::read(templates, name, NaiveDate::default());
        let report = report.map_err(|error| match error.downcast::<Problem>() {
            Ok(problem) => Problem { date: None, ..problem }.into(),
            Err(error) => error,
        })?;
        let refs = &report.rendered.refs;
        let date = if refs.is_empty() { Some(last) } else { newest_date(warehouse, refs)? };
        date.map(|date| Self::read(templates, name, date)).transpose()
    }

    /// The first of what it refers to that is not built at its date.
    pub fn unbuilt(&self, warehouse: &Warehouse) -> Result<Option<&str>> {
        let built =
            "select 1 from pipeline.partitions where table_name = ? and reference_date = ? and is_here";
        for table in &self.rendered.refs {
            if warehouse.row(built, &[table, &self.date], |_| Ok(()))?.is_none() {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// What an error of the engine is for the author of the file.
    pub fn explain(&self, warehouse: &Warehouse, templates: &Templates, error: SqlError) -> Problem {
        analyst(warehouse, error, &self.rendered, templates)
    }

    /// What makes a view of it, and a name for that: another one where the types of its columns are, since DuckDB would refuse
    /// to read it. `None` while something that it refers to is not built at its date.
    fn view(&self, warehouse: &Warehouse, templates: &Templates) -> Result<Option<(String, String)>> {
        let explain = |error| self.explain(warehouse, templates, error);
        let select = self.rendered.select().map_err(explain)?;
        let tree = tree::parse(select.as_str()).map_err(explain)?;
        if let Some(at) = tree::with_database(&tree).map(tree::position) {
            let what = SqlError::statement("a table is named with its database", at);
            let hint = "clients open the file under any name: schema and table are enough";
            return Err(explain(what).hint(hint).into());
        }
        if self.unbuilt(warehouse)?.is_some() {
            return Ok(None);
        }
        let columns = warehouse.describe(&select).map_err(explain)?;
        let columns: Vec<String> = columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        let name = format!("reports.{}", ident(&self.name));
        let comment = text(&format!("{} ({})", self.description, self.date));
        let sql =
            format!("create or replace view {name} as\n{select}\n;\ncomment on view {name} is {comment}");
        let made_from = fingerprint::of(&[&sql, &columns.join(", ")]);
        Ok(Some((sql, made_from)))
    }

    /// What its first sentence says.
    pub fn headline(&self) -> &str {
        self.description.split(". ").next().unwrap_or_default().trim_end_matches('.')
    }
}

/// The last reference date at which the scores among `tables` are built, or any of them where no scores are among them.
fn newest_date(warehouse: &Warehouse, tables: &BTreeSet<String>) -> Result<Option<NaiveDate>> {
    let scores: Vec<String> =
        tables.iter().filter(|name| name.starts_with("scores.")).map(|t| text(t)).collect();
    let meant = if scores.is_empty() { tables.iter().map(|t| text(t)).collect() } else { scores };
    let sql = format!(
        "select max(reference_date) from pipeline.partitions where list_contains([{}], table_name)",
        meant.join(", ")
    );
    Ok(warehouse.row(&sql, &[], |row| row.get::<_, Option<NaiveDate>>(0))?.flatten())
}

/// What came of making the views anew.
#[derive(Default)]
pub struct Refreshed {
    /// What is no view because of a mistake in its file. An earlier one stays.
    pub failed: Vec<(String, Error)>,
    /// What refers to tables that the project does not have.
    pub left_out: Vec<String>,
}

/// Makes a view of every report, over the newest date of what it is about, and drops those whose file is gone.
pub fn refresh(warehouse: &Warehouse, templates: &Templates, last: NaiveDate) -> Result<Refreshed> {
    let before: BTreeMap<String, String> =
        warehouse.setting(VIEWS)?.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    let present: BTreeSet<String> = warehouse.rows(PRESENT, &[], |row| row.get(0))?.into_iter().collect();
    let mut refreshed = Refreshed::default();
    let (mut now, mut statements) = (before.clone(), Vec::new());
    for name in names(templates) {
        let is_foreign = present.contains(name) && !before.contains_key(name);
        let made = check_name(&file_of(name), name).and_then(|()| {
            let report = Report::newest(warehouse, templates, name, last)?;
            if is_foreign {
                let what = format!("there is a `reports.{name}` in the database that olist did not make");
                return Err(Problem::usage(what)
                    .at(templates.config_key(&file_of(name), ""))
                    .hint("drop it there, or give this file another name")
                    .into());
            }
            report.map_or(Ok(None), |report| report.view(warehouse, templates))
        });
        match made {
            Ok(None) => {}
            Ok(Some((sql, made_from))) => {
                if !present.contains(name) || before.get(name) != Some(&made_from) {
                    statements.push(sql);
                }
                now.insert(name.to_owned(), made_from);
            }
            Err(error) if lacks_a_table(&error) => refreshed.left_out.push(name.to_owned()),
            Err(error) => refreshed.failed.push((name.to_owned(), error)),
        }
    }
    let is_gone = |name: &&String| !names(templates).any(|other| other == *name);
    for name in before.keys().filter(is_gone) {
        statements.push(format!("drop view if exists reports.{}", ident(name)));
        now.remove(name);
    }
    if !statements.is_empty() {
        warehouse.transaction(|| {
            warehouse.batch(&statements.join(";\n"))?;
            warehouse.set(VIEWS, Some(&serde_json::to_string(&now)?))
        })?;
    }
    Ok(refreshed)
}

const PRESENT: &str = "select table_name from information_schema.tables
    where table_catalog = 'warehouse' and table_schema = 'reports'";

/// Whether a report is of a model, or a store, that the project does not have.
fn lacks_a_table(error: &Error) -> bool {
    let problem = error.downcast_ref::<Problem>();
    problem.is_some_and(|problem| problem.message.starts_with("there is no table `"))
}

/// Makes the views of `warehouse` in `copy`, which is attached to it; tables of those that read what the copy does not
/// have.
pub fn publish(warehouse: &Warehouse, copy: &str) -> Result<usize> {
    let views: Vec<(String, String, Option<String>)> = warehouse.rows(
        "select view_name, sql, comment from duckdb_views()
         where database_name = 'warehouse' and schema_name = 'reports' order by all",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let other = warehouse.another()?;
    other.batch(&format!("use {copy}; create schema if not exists {copy}.reports"))?;
    for (name, sql, comment) in &views {
        let name = format!("reports.{}", ident(name));
        let what = if other.batch(sql).is_ok() {
            "view"
        } else {
            other.batch(&format!("create table {copy}.{name} as from warehouse.{name}"))?;
            "table"
        };
        let comment = comment.as_deref().map_or("null".to_owned(), text);
        other.batch(&format!("comment on {what} {copy}.{name} is {comment}"))?;
    }
    Ok(views.len())
}
