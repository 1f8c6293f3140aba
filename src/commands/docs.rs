//! `olist docs [TABLE | COLUMN] [--out FILE]`: what tables and columns are, and from where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::Session;
use crate::catalog::Model;
use crate::docs::{Column, Library, Table};
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
        let context = serde_json::json!({
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
    for table in tables {
        list.push(vec![
            table.name.clone(),
            table.kind.to_owned(),
            table.columns.len().to_string(),
            table.date.clone().unwrap_or_default(),
            table.description.clone(),
        ]);
    }
    list.print(session.options.format)?;
    term::note(
        "\n`olist docs TABLE` lists its columns, `olist docs COLUMN` tells of one, `--out FILE` makes a page",
    );
    Ok(())
}

fn columns_of(session: &Session, table: &Table) -> Result<()> {
    if session.options.format == Format::Json {
        return print_json(&[table]);
    }
    let mut list = output::Table::new(&["column_name", "type", "unit", "nulls", "median", "description"]);
    for column in &table.columns {
        let statistics = column.statistics.as_ref();
        list.push(vec![
            column.name.clone(),
            column.sql_type.clone(),
            column.unit.unwrap_or_default().to_owned(),
            statistics.map(|of| format!("{} %", of.nulls)).unwrap_or_default(),
            statistics.and_then(|of| of.median.clone()).unwrap_or_default(),
            column.text.clone().unwrap_or_default(),
        ]);
    }
    term::note(&format!("{}: {}\n", table.name, table.description));
    list.print(session.options.format)
}

/// `order_count`, or with its table, `features.seller_sales.order_count`.
fn column(session: &Session, tables: &[Table], name: &str) -> Result<()> {
    let all = tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let found: Vec<(&Table, &Column)> =
        all.clone().filter(|(table, column)| table.calls(column, name)).collect();
    if found.is_empty() {
        let names: BTreeSet<&str> = all
            .map(|(_, column)| column.name.as_str())
            .chain(tables.iter().map(|table| table.name.as_str()))
            .collect();
        return Err(Problem::usage(format!("there is no table and no column `{name}`"))
            .maybe_hint(suggest(name, names))
            .into());
    }
    if session.options.format == Format::Json {
        let found: Vec<BTreeMap<&str, serde_json::Value>> = found
            .into_iter()
            .map(|(table, column)| {
                Ok(BTreeMap::from([
                    ("table", table.name.clone().into()),
                    ("column", serde_json::to_value(column)?),
                ]))
            })
            .collect::<Result<_>>()?;
        return print_json(&found);
    }
    if found.len() > WHOLE || session.options.format == Format::Csv {
        let mut list = output::Table::new(&["table_name", "column_name", "type", "description"]);
        for (table, column) in found {
            list.push(vec![
                table.name.clone(),
                column.name.clone(),
                column.sql_type.clone(),
                column.text.clone().unwrap_or_default(),
            ]);
        }
        list.print(session.options.format)?;
        term::note(&format!("\n`olist docs TABLE.{name}` tells of one of them"));
        return Ok(());
    }
    let lineage: BTreeMap<Origin, &Column> = tables
        .iter()
        .flat_map(|table| {
            table.columns.iter().map(|column| ((table.name.clone(), column.name.clone()), column))
        })
        .collect();
    let told: Vec<String> = found.into_iter().map(|(table, column)| tell(table, column, &lineage)).collect();
    Ok(term::data(&told.join("\n"))?)
}

fn print_json(value: &impl serde::Serialize) -> Result<()> {
    Ok(term::data(&format!("{}\n", serde_json::to_string_pretty(value)?))?)
}

/// All that is known of a column, in lines.
fn tell(table: &Table, column: &Column, lineage: &BTreeMap<Origin, &Column>) -> String {
    let mut lines = vec![format!("{}.{}", table.name, column.name)];
    let mut say = |head: &str, text: String| lines.push(format!("  {head:<8}{text}"));
    if let Some(text) = &column.text {
        say("is", text.clone());
    }
    let unit = column.unit.map(|unit| format!(", {unit}")).unwrap_or_default();
    say("type", format!("{}{unit}", column.sql_type));
    if let Some(of) = &column.statistics {
        let part =
            |head: &str, value: &Option<String>| value.as_ref().map(|value| format!(", {head} {value}"));
        let at = table.date.as_ref().map(|date| format!(" at {date}")).unwrap_or_default();
        let parts = [("min", &of.min), ("median", &of.median), ("mean", &of.mean), ("max", &of.max)];
        let parts: String = parts.into_iter().filter_map(|(head, value)| part(head, value)).collect();
        say(
            "values",
            format!("{} rows{at}, {} % NULL, about {} distinct{parts}", of.rows, of.nulls, of.distinct),
        );
    }
    if let Some(made) = &column.expression {
        let line = column.line.map(|line| format!(":{line}")).unwrap_or_default();
        say("made by", format!("{made}  ({}{line})", table.file));
    }
    let own = (table.name.clone(), column.name.clone());
    for (head, next) in [("from", Direction::From), ("to", Direction::To)] {
        let mut steps = Vec::new();
        walk(&own, next, lineage, 0, &mut BTreeSet::new(), &mut steps);
        let more = steps.len().saturating_sub(LINES);
        steps.truncate(LINES);
        steps.extend((more > 0).then(|| format!("and {more} more: `--format json` has all")));
        for (at, step) in steps.into_iter().enumerate() {
            say(if at == 0 { head } else { "" }, step);
        }
    }
    if !column.unresolved.is_empty() {
        let all: Vec<&str> = column.unresolved.iter().map(String::as_str).collect();
        say("also", format!("made of what could not be followed: {}", all.join(", ")));
    }
    lines.join("\n") + "\n"
}

#[derive(Clone, Copy)]
enum Direction {
    From,
    To,
}

/// The columns that one is made of, and they of others; or that are made of it.
fn walk(
    at: &Origin,
    direction: Direction,
    lineage: &BTreeMap<Origin, &Column>,
    depth: usize,
    seen: &mut BTreeSet<Origin>,
    steps: &mut Vec<String>,
) {
    let Some(column) = lineage.get(at) else { return };
    let next = match direction {
        Direction::From => &column.from,
        Direction::To => &column.to,
    };
    for origin in next {
        let is_new = seen.insert(origin.clone());
        let again = if is_new { "" } else { " (above)" };
        steps.push(format!("{}{}.{}{again}", "  ".repeat(depth), origin.0, origin.1));
        if is_new {
            walk(origin, direction, lineage, depth + 1, seen, steps);
        }
    }
}
