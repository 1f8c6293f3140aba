//! `olist query SQL`, or the name of a report

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::config::{Config, Described};
use crate::diagnose::{Advice, advice, analyst, placed};
use crate::output::{Format, Table, strict};
use crate::problem::{Place, Problem, nearest};
use crate::publish;
use crate::run::Loaded;
use crate::sql::{Select, starts, unended};
use crate::template::{Kind, Templates};
use crate::term;
use crate::warehouse::{SqlError, Warehouse, text};

pub fn query(session: &Session, sql: &str, date: Option<NaiveDate>) -> Result<()> {
    let sql = sql.trim();
    let is_word = sql.chars().all(|c| c.is_alphanumeric() || c == '_');
    let file = format!("queries/reports/{sql}.sql");
    let is_report = is_word && session.project()?.source(&file).is_some();
    if !is_report {
        check_sql(session, sql, is_word, date)?;
    }
    let warehouse = session.open_read_only()?;
    if is_report { report(session, &warehouse, &file, date) } else { free(session, &warehouse, sql) }
}

/// What can be said of a query before it is run.
fn check_sql(session: &Session, sql: &str, is_word: bool, date: Option<NaiveDate>) -> Result<()> {
    let reports: Vec<&str> = session.project()?.in_folder("queries/reports").map(|(_, name)| name).collect();
    let all = format!("the reports are: {}", reports.join(", "));
    let problem = match starts(sql).len() {
        0 => Problem::usage("the query is empty").hint(format!("write SQL, or name a report; {all}")),
        // No SQL that reads is a single word.
        _ if is_word => {
            let near = nearest(sql, reports.iter().copied());
            let near = near.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
            Problem::usage(format!("there is no report `{sql}`")).hint(format!("{near}{all}"))
        }
        1 if date.is_some() => Problem::usage("--date goes with a report, and this is SQL")
            .hint(format!("write the date into the SQL, or name a report; {all}")),
        1 => return Ok(()),
        _ => Problem::usage("one query at a time").hint("a second one after `;` needs a call of its own"),
    };
    Err(problem.into())
}

/// The user's own SQL.
fn free(session: &Session, warehouse: &Warehouse, sql: &str) -> Result<()> {
    let explain = |error: &SqlError| {
        let closed = ["read-only mode", "disabled by configuration"];
        if error.class == "Statement" || closed.iter().any(|sign| error.message.contains(sign)) {
            return Problem::usage(format!("`olist query` only reads the database: {}", error.headline()))
                .at(Place::at_offset("query", sql, error.position.unwrap_or(0)))
                .hint("`--format csv > FILE` writes a file; any DuckDB client can do the rest");
        }
        let error = placed(warehouse, sql, error.clone());
        let Advice { message, hint } = advice(warehouse, sql, &error, &[]);
        let mut problem = Problem::usage(message);
        if let Some(at) = error.position {
            problem = problem.at(Place::at_offset("query", sql, at));
        }
        problem.maybe_hint(hint).maybe_hint(what_a_copy_has(warehouse, &error))
    };
    let select = Select::of(unended(sql)).map_err(|error| explain(&error))?;
    print(session, warehouse, &select, explain)
}

/// A published copy lacks what its readers may look for.
fn what_a_copy_has(warehouse: &Warehouse, error: &SqlError) -> Option<String> {
    let tables = (error.class == "Catalog").then(|| publish::about_copy(warehouse).ok().flatten())??;
    Some(format!("`{}` is a published copy: {tables}", warehouse.path.display()))
}

fn report(session: &Session, warehouse: &Warehouse, file: &str, date: Option<NaiveDate>) -> Result<()> {
    let templates = session.templates()?;
    let date = date.map_or_else(|| newest_date(warehouse, &templates, file), Ok)?;
    let rendered = templates.render(file, Kind::Report, Some(date), None)?;
    let Described { description } = Config::new(&rendered, templates.source(file)).read()?;
    for table in &rendered.refs {
        let built = "select 1 from pipeline.partitions where table_name = ? and reference_date = ?";
        if warehouse.row(built, &[table, &date], |_| Ok(()))?.is_none() {
            return Err(Problem::data(format!("`{table}` is not built at {date}"))
                .hint(format!("`olist run --date {date}` builds it"))
                .into());
        }
    }
    term::note(&format!("{description} ({date})"));
    let explain = |error: &SqlError| {
        analyst(warehouse, error.clone(), &rendered, &templates).maybe_hint(what_a_copy_has(warehouse, error))
    };
    let select = rendered.select().map_err(|error| explain(&error))?;
    print(session, warehouse, &select, explain)
}

/// The last reference date at which the scores that a report is about are built; else the last one there can be.
fn newest_date(warehouse: &Warehouse, templates: &Templates, file: &str) -> Result<NaiveDate> {
    // What it refers to, and what is wrong with it, is the same at any date.
    let rendered = templates.render(file, Kind::Report, Some(NaiveDate::default()), None);
    let rendered = rendered.map_err(|error| match error.downcast::<Problem>() {
        Ok(problem) => Problem { date: None, ..problem }.into(),
        Err(error) => error,
    })?;
    if let Some(newest) = newest_scores(warehouse, &rendered.refs)? {
        return Ok(newest);
    }
    publish::check_whole(warehouse)?;
    Ok(Loaded::read(warehouse)?.last_date())
}

/// The last reference date at which the scores among `tables` are built.
fn newest_scores(warehouse: &Warehouse, tables: &BTreeSet<String>) -> Result<Option<NaiveDate>> {
    let scores: Vec<String> =
        tables.iter().filter(|name| name.starts_with("scores.")).map(|t| text(t)).collect();
    let sql = format!(
        "select max(reference_date) from pipeline.partitions where list_contains([{}], table_name)",
        scores.join(", ")
    );
    Ok(warehouse.row(&sql, &[], |row| row.get::<_, Option<NaiveDate>>(0))?.flatten())
}

/// DuckDB makes the texts, as its own clients do, and its own JSON, which keeps numbers, lists and NULL apart.
fn print(
    session: &Session,
    warehouse: &Warehouse,
    select: &Select,
    explain: impl Fn(&SqlError) -> Problem,
) -> Result<()> {
    let format = session.options.format;
    let names = warehouse.describe(select).map_err(|error| explain(&error))?;
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let made = if format == Format::Json { "to_json(q)::varchar" } else { "columns(*)::varchar" };
    let query = select.within(&format!("select {made} from (\n"), "\n) as q");
    let width = if format == Format::Json { 1 } else { names.len() };
    let read = |row: &duckdb::Row<'_>| {
        (0..width).map(|at| row.get(at)).collect::<duckdb::Result<Vec<Option<String>>>>()
    };
    let rows =
        warehouse.rows(query.as_str(), &[], read).map_err(|error| explain(&error.shifted(query.start())))?;
    let text = match format {
        Format::Json if rows.is_empty() => "[]\n".to_owned(),
        Format::Json => {
            let rows: Vec<String> = rows.into_iter().flatten().flatten().collect();
            format!("[\n  {}\n]\n", strict(&rows.join(",\n  ")))
        }
        Format::Csv => {
            let head = names.iter().map(|name| csv_cell(Some(name))).collect::<Vec<_>>().join(",");
            let lines = rows
                .iter()
                .map(|row| row.iter().map(|cell| csv_cell(cell.as_deref())).collect::<Vec<_>>().join(","));
            std::iter::once(head).chain(lines).map(|line| line + "\n").collect()
        }
        _ => {
            let mut table = Table::new(&names);
            for row in rows {
                table.push(row.into_iter().map(Option::unwrap_or_default).collect());
            }
            return table.print(format);
        }
    };
    Ok(term::data(&text)?)
}

/// A cell of CSV: NULL is nothing, an empty text is a pair of quotes.
fn csv_cell(cell: Option<&str>) -> String {
    match cell {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.to_owned(),
    }
}
