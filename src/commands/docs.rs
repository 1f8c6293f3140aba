//! `olist docs [TABLE | COLUMN] [--out FILE]`: what tables and columns are, and from where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::Session;
use crate::catalog::Model;
use crate::docs::{Column, Library, Statistics, Table};
use crate::guard::Guard;
use crate::ingest;
use crate::output::{self, Format};
use crate::page::{self, Lang};
use crate::problem::{Problem, suggest};
use crate::run::Loaded;
use crate::sql::outputs::Origin;
use crate::term;

/// Columns of one name that are shown whole; more are listed.
const WHOLE: usize = 4;
/// Lines of a lineage in a terminal.
const LINES: usize = 24;

pub fn docs(session: &Session, name: Option<&str>, out: Option<&Path>) -> Result<()> {
    out.map_or(Ok(()), super::page::check)?;
    let warehouse = session.open_existing()?;
    let loaded = Loaded::read(&warehouse)?;
    let catalog = session.catalog(loaded.last_date())?;
    let guard = Guard::new(&warehouse, &catalog, &session.run_id)?;
    // Of the tables only the names and the texts are read.
    for table in catalog.models.values().map(Model::table) {
        guard.clear(&warehouse, &catalog, &table, loaded.last_date())?;
    }
    let sources = &ingest::specs(session.project()?, &catalog.templates)?;
    let library = Library { warehouse: &warehouse, catalog: &catalog, sources, date: loaded.last_date() };
    let mut tables = library.tables()?;
    for table in tables.iter_mut().filter(|table| out.is_some() || name.is_some_and(|name| table.has(name))) {
        library.measure(table)?;
    }
    if let Some(file) = out {
        let context = json!({
            "kinds": tables.iter().map(|table| (table.name.as_str(), table.kind)).collect::<BTreeMap<_, _>>(),
            "tables": tables,
            "data_until": loaded.data_until.to_string(),
            "is_synthetic": ingest::is_synthetic(&warehouse)?,
            "tool_version": env!("CARGO_PKG_VERSION"),
        });
        let html = page::render("docs.html.jinja", Lang::English, &context)?.html;
        return super::page::write(file, &html, &format!("{} tables", tables.len()));
    }
    match name {
        None => list(session, &tables),
        Some(name) => match tables.iter().find(|table| table.name == name) {
            Some(table) => columns_of(session, table),
            None => column(session, &tables, name),
        },
    }
}

fn list(session: &Session, tables: &[Table]) -> Result<()> {
    let mut list = output::Table::new(&["table_name", "kind", "columns", "newest_date", "description"]);
    for Table { name, kind, columns, date, description, .. } in tables {
        list.row(&[name, kind, &columns.len(), &date.as_deref().unwrap_or_default(), description]);
    }
    list.print(session.options.format)?;
    term::note(
        "\n`olist docs TABLE` lists its columns, `olist docs COLUMN` tells of one, `--out FILE` makes a page",
    );
    Ok(())
}

fn columns_of(session: &Session, table: &Table) -> Result<()> {
    if session.options.format == Format::Json {
        return output::json(&[table]);
    }
    let mut list = output::Table::new(&["column_name", "type", "unit", "nulls", "median", "description"]);
    for Column { name, sql_type, unit, statistics, text, .. } in &table.columns {
        let nulls = statistics.as_ref().map(|of| format!("{} %", of.nulls)).unwrap_or_default();
        let median = statistics.as_ref().and_then(|of| of.median.as_deref()).unwrap_or_default();
        let text = text.as_deref().unwrap_or_default();
        list.row(&[name, sql_type, &unit.unwrap_or_default(), &nulls, &median, &text]);
    }
    term::note(&format!("{}: {}\n", table.name, table.description));
    list.print(session.options.format)
}

/// `order_count`, or with its table, `features.seller_sales.order_count`.
fn column(session: &Session, tables: &[Table], name: &str) -> Result<()> {
    let all = tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let found: Vec<_> = all.clone().filter(|(table, column)| table.calls(column, name)).collect();
    if found.is_empty() {
        let names: BTreeSet<&str> =
            all.flat_map(|(table, column)| [table.name.as_str(), column.name.as_str()]).collect();
        return Err(Problem::usage(format!("there is no table and no column `{name}`"))
            .maybe_hint(suggest(name, names))
            .into());
    }
    if session.options.format == Format::Json {
        let told = |(table, column): &(&Table, &Column)| json!({ "column": column, "table": table.name });
        return output::json(&found.iter().map(told).collect::<Vec<_>>());
    }
    if found.len() > WHOLE || session.options.format == Format::Csv {
        let mut list = output::Table::new(&["table_name", "column_name", "type", "description"]);
        for (table, Column { name, sql_type, text, .. }) in found {
            list.row(&[&table.name, name, sql_type, &text.as_deref().unwrap_or_default()]);
        }
        list.print(session.options.format)?;
        term::note(&format!("\n`olist docs TABLE.{name}` tells of one of them"));
        return Ok(());
    }
    let lineage: Lineage<'_> = all.map(|(table, column)| (table.origin(column), column)).collect();
    let told: Vec<String> = found.into_iter().map(|(table, column)| tell(table, column, &lineage)).collect();
    Ok(term::data(&told.join("\n"))?)
}

/// The columns of all tables, by what they are called.
type Lineage<'a> = BTreeMap<Origin, &'a Column>;

/// All that is known of a column, in lines.
fn tell(table: &Table, column: &Column, lineage: &Lineage<'_>) -> String {
    let mut lines = vec![format!("{}.{}", table.name, column.name)];
    let mut say = |head: &str, text: String| lines.push(format!("  {head:<8}{text}"));
    if let Some(text) = &column.text {
        say("is", text.clone());
    }
    let unit = column.unit.map(|unit| format!(", {unit}")).unwrap_or_default();
    say("type", format!("{}{unit}", column.sql_type));
    if let Some(of) = &column.statistics {
        let Statistics { rows, nulls, distinct, .. } = of;
        let at = table.date.as_ref().map(|date| format!(" at {date}")).unwrap_or_default();
        let parts = [("min", &of.min), ("median", &of.median), ("mean", &of.mean), ("max", &of.max)];
        let parts =
            parts.into_iter().filter_map(|(head, value)| Some(format!(", {head} {}", value.as_ref()?)));
        let parts: String = parts.collect();
        say("values", format!("{rows} rows{at}, {nulls} % NULL, about {distinct} distinct{parts}"));
    }
    if let Some(made) = &column.expression {
        let line = column.line.map(|line| format!(":{line}")).unwrap_or_default();
        say("made by", format!("{made}  ({}{line})", table.file));
    }
    let ways: [(&str, Way); 2] = [("from", |column| &column.from), ("to", |column| &column.to)];
    for (head, next) in ways {
        let mut steps = Vec::new();
        walk(&table.origin(column), next, lineage, 0, &mut BTreeSet::new(), &mut steps);
        let more = steps.len().saturating_sub(LINES);
        steps.truncate(LINES);
        steps.extend((more > 0).then(|| format!("and {more} more: `--format json` has all")));
        for (at, step) in steps.into_iter().enumerate() {
            say(if at == 0 { head } else { "" }, step);
        }
    }
    if !column.unresolved.is_empty() {
        let all: Vec<String> = column.unresolved.iter().cloned().collect();
        say("also", format!("made of what could not be followed: {}", all.join(", ")));
    }
    lines.join("\n") + "\n"
}

/// To the columns that one is made of, or to those that are made of it.
type Way = fn(&Column) -> &BTreeSet<Origin>;

/// The columns that one is made of, and they of others; or that are made of it.
fn walk(
    at: &Origin,
    next: Way,
    lineage: &Lineage<'_>,
    depth: usize,
    seen: &mut BTreeSet<Origin>,
    steps: &mut Vec<String>,
) {
    for origin in lineage.get(at).map(|column| next(column)).into_iter().flatten() {
        let is_new = seen.insert(origin.clone());
        let again = if is_new { "" } else { " (above)" };
        steps.push(format!("{}{}.{}{again}", "  ".repeat(depth), origin.0, origin.1));
        if is_new {
            walk(origin, next, lineage, depth + 1, seen, steps);
        }
    }
}
