//! The audits of queries/audits/: each a query of the rows that a source shows too early, rendered with what it sees of
//! sources and their columns.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Audit, Findings};
use crate::config::{AuditSpec, Each, SourceSpec, source_file};
use crate::diagnose::analyst;
use crate::guard::Reach;
use crate::problem::Problem;
use crate::sql::tree::{self, leftmost, list};
use crate::template::{Kind, Templates};
use crate::term::thousands;
use crate::warehouse::idents;

/// What an audit looks at.
#[derive(Serialize, Clone, Copy)]
struct View<'a> {
    this: &'a Seen<'a>,
    other: &'a Seen<'a>,
    column: &'a SeenColumn<'a>,
    moment: &'a SeenColumn<'a>,
}

/// What the files are rendered with, beside what is in every file.
#[derive(Serialize)]
struct Variables<'a> {
    #[serde(flatten)]
    view: View<'a>,
    /// The key of `this`, as SQL.
    key: String,
    data_until: String,
}

pub struct Queries<'a> {
    audit: &'a Audit<'a>,
    templates: Templates,
    reach: Reach,
}

impl<'a> Queries<'a> {
    pub fn new(audit: &'a Audit<'a>) -> Result<Self> {
        let templates = audit.catalog.templates.clone();
        let reach = Reach::new(&audit.warehouse, &templates, "audit")?;
        Ok(Self { audit, templates, reach })
    }

    /// What every audit finds in the sources of `names`.
    pub fn run(mut self, names: &BTreeSet<String>) -> Result<Findings> {
        let audit = self.audit;
        let sources: Vec<Seen<'_>> =
            audit.sources().map(|(name, spec, columns)| Seen::new(name, spec, columns)).collect();
        let mut findings = Findings::new();
        for file in audit.catalog.templates.files("queries/audits/") {
            for this in sources.iter().filter(|source| names.contains(source.name)) {
                let found = self.of_source(file, this, &sources)?;
                findings.entry(this.name.to_owned()).or_default().extend(found);
            }
        }
        Ok(findings)
    }

    fn of_source(&mut self, file: &str, this: &Seen<'_>, sources: &[Seen<'_>]) -> Result<Vec<Problem>> {
        let blank = &SeenColumn::default();
        let whole = View { this, other: this, column: blank, moment: blank };
        self.vary(whole);
        let columns = || this.columns.iter().map(|column| View { column, ..whole });
        let rendered = self.templates.render(file, Kind::Audit, Some(self.audit.date), None)?;
        let spec = AuditSpec::read(&rendered, self.templates.source(file))?;
        let views: Vec<View<'_>> = match spec.each {
            Each::Source => vec![whole],
            Each::Other => {
                let others = sources.iter().filter(|other| other.name != this.name);
                others.map(|other| View { other, ..whole }).collect()
            }
            Each::Column => columns().collect(),
            Each::Moment => {
                let moments = || this.columns.iter().filter(|moment| moment.known_at.is_some());
                columns().flat_map(|view| moments().map(move |moment| View { moment, ..view })).collect()
            }
        };
        let mut problems = Vec::new();
        for view in views {
            self.vary(view);
            problems.extend(self.look(file, view)?);
        }
        Ok(problems)
    }

    /// Sets what the files are rendered with from here on.
    fn vary(&mut self, view: View<'_>) {
        let key = if view.this.key.is_empty() { "'one'".to_owned() } else { idents(view.this.key) };
        let data_until = format!("date '{}'", self.audit.data_until);
        let variables = Variables { view, key, data_until };
        self.templates.set_variables(&variables);
        self.reach.sealed.set_variables(&variables);
    }

    /// What one audit finds of what was set last.
    fn look(&mut self, file: &str, view: View<'_>) -> Result<Option<Problem>> {
        let Some((spec, rows, example)) = self.wrong_rows(file)? else { return Ok(None) };
        let View { this, column, .. } = view;
        let message = spec.message.replace("{rows}", &thousands(rows));
        let shown = if spec.is_of_rows() { "" } else { column.name };
        let mut problem = self.audit.problem(this.name, shown, format!("{message}: {}", words(&example)?));
        if let Some(as_of) = column.as_of.filter(|_| !spec.is_of_rows()) {
            let at = self.branch(file, rows, as_of, view)?;
            let path = format!("columns.{}.as_of", column.name);
            problem = problem.at(self.templates.in_config(&source_file(this.name), &path, at));
        }
        Ok(Some(problem.hint(spec.hint)))
    }

    /// How many rows one audit finds, and an example as JSON.
    fn wrong_rows(&self, file: &str) -> Result<Option<(AuditSpec, u64, String)>> {
        let (warehouse, date) = (&self.audit.warehouse, Some(self.audit.date));
        let rendered = self.templates.render(file, Kind::Audit, date, None)?;
        let spec = AuditSpec::read(&rendered, self.templates.source(file))?;
        if !spec.applies {
            return Ok(None);
        }
        let sealed = self.reach.sealed.render(file, Kind::Audit, date, None)?;
        if let Some(problem) = self.reach.query(&sealed).into_iter().next() {
            return Err(problem.into());
        }
        let head = "select count(*), min(to_json(q)::varchar) from (\n";
        let explain = |error| analyst(warehouse, error, &rendered, &self.templates);
        let select = rendered.select().map_err(explain)?;
        let sql = format!("{head}{select}\n) as q");
        let read = |row: &duckdb::Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, Option<String>>(1)?));
        let found = warehouse.row(&sql, &[], read).map_err(|error| explain(error.shifted(head.len())))?;
        Ok(found.and_then(|(rows, example)| Some((spec, rows, example?))))
    }

    /// Where in an `as_of` the branch begins without which most of the wrong rows are right.
    fn branch(&mut self, file: &str, rows: u64, as_of: &str, view: View<'_>) -> Result<usize> {
        const HEAD: &str = "select ";
        let Ok(query) = tree::query(&format!("{HEAD}{as_of}")) else { return Ok(0) };
        let begins = |part: &Json| leftmost(part).map_or(0, |at| at.saturating_sub(HEAD.len()));
        let never = tree::query("select false").unwrap_or_default()["select_list"][0].take();
        let case = &query["select_list"][0];
        for (at, check) in list(&case["case_checks"]).iter().enumerate() {
            let mut without = query.clone();
            without["select_list"][0]["case_checks"][at]["when_expr"] = never.clone();
            let sql = tree::unparse(&without).unwrap_or_default();
            let column = &view.column.with_as_of(sql.get(HEAD.len()..).unwrap_or_default());
            self.vary(View { column, ..view });
            if self.wrong_rows(file)?.is_none_or(|(_, left, _)| left < rows / 2) {
                return Ok(begins(&check["when_expr"]));
            }
        }
        Ok(begins(&case["else_expr"]))
    }
}

/// `order_id a1, order_approved_at 2018-01-01 10:00:00` of the JSON of a row.
fn words(row: &str) -> Result<String> {
    let row: Map<String, Json> = serde_json::from_str(row)?;
    let word = |(name, value): (&String, &Json)| match value {
        Json::String(text) => format!("{name} {text}"),
        value => format!("{name} {value}"),
    };
    Ok(row.iter().map(word).collect::<Vec<_>>().join(", "))
}

/// A source: `this` and `other`.
#[derive(Serialize)]
pub struct Seen<'a> {
    pub name: &'a str,
    pub key: &'a [String],
    known_at: Option<&'a str>,
    is_static: bool,
    /// Its rows are known at one of its own columns.
    has_own_moment: bool,
    column_names: Vec<&'a str>,
    /// Times that come after the row: their columns have a `known_at` of their own.
    later_moments: Vec<SeenColumn<'a>>,
    /// Times that are no news, as a promise is.
    promises: Vec<&'a str>,
    #[serde(skip)]
    pub columns: Vec<SeenColumn<'a>>,
}

impl<'a> Seen<'a> {
    pub fn new(name: &'a str, spec: &'a SourceSpec, loaded: &'a [(String, String)]) -> Self {
        let known_at = spec.known_at.as_deref();
        let columns: Vec<SeenColumn<'_>> =
            loaded.iter().map(|column| SeenColumn::new(spec, column)).collect();
        let is_later = |column: &&SeenColumn<'_>| {
            column.is_time && column.known_at.is_some() && known_at != Some(column.name)
        };
        let is_promise = |column: &&SeenColumn<'_>| column.is_time && column.is_static;
        Self {
            name,
            key: &spec.key,
            known_at,
            is_static: known_at.is_none(),
            has_own_moment: known_at.is_some_and(|moment| spec.column(moment).is_some()),
            column_names: loaded.iter().map(|(name, _)| name.as_str()).collect(),
            later_moments: columns.iter().filter(is_later).cloned().collect(),
            promises: columns.iter().filter(is_promise).map(|column| column.name).collect(),
            columns,
        }
    }
}

/// A column: `column` and `moment`.
#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the audits' templates")]
#[derive(Serialize, Default, Clone)]
pub struct SeenColumn<'a> {
    pub name: &'a str,
    #[serde(rename = "type")]
    sql_type: &'a str,
    pub known_at: Option<&'a str>,
    pub as_of: Option<&'a str>,
    pub is_static: bool,
    is_time: bool,
    is_key: bool,
    /// The config says something of it.
    is_declared: bool,
}

impl<'a> SeenColumn<'a> {
    /// The same column with another `as_of`.
    pub fn with_as_of<'b>(&self, as_of: &'b str) -> SeenColumn<'b>
    where
        'a: 'b,
    {
        SeenColumn { as_of: Some(as_of), ..self.clone() }
    }

    fn new(spec: &'a SourceSpec, (name, sql_type): &'a (String, String)) -> Self {
        let declared = spec.column(name);
        Self {
            name,
            sql_type,
            known_at: declared.and_then(|column| column.known_at.as_deref()),
            as_of: declared.and_then(|column| column.as_of.as_deref()),
            is_static: declared.is_some_and(|column| column.is_static),
            is_time: sql_type.starts_with("DATE") || sql_type.starts_with("TIMESTAMP"),
            is_key: spec.key.contains(name),
            is_declared: declared.is_some(),
        }
    }
}
