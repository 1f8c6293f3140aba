//! `olist query SQL`, a file of it, or the name of a report

use std::path::Path;
use std::{fs, io};

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::cli;
use crate::diagnose::{advice, placed};
use crate::output::{Format, Table, strict};
use crate::problem::{Place, Problem, nearest};
use crate::publish;
use crate::reports::{self, Report};
use crate::run::Loaded;
use crate::score::REASONS;
use crate::sql::{Select, starts, unended};
use crate::term;
use crate::warehouse::{SqlError, Warehouse, ident};

/// Rows that are shown in a terminal, where nobody reads more.
const SHOWN: usize = 1000;

pub fn query(session: &Session, args: &cli::Query) -> Result<()> {
    let sql = args.sql.as_deref().unwrap_or_default().trim();
    let from = args.file.as_deref().or_else(|| (sql == "-").then(|| Path::new("-")));
    let (given, name) = match from {
        Some(file) => read(file)?,
        None => (sql.to_owned(), "query".to_owned()),
    };
    let is_word = from.is_none() && sql.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_report = is_word && session.project()?.source(&reports::file_of(sql)).is_some();
    if !is_report {
        check_sql(session, &given, is_word, args.date)?;
    }
    let warehouse = Warehouse::open_read_only(&session.database, &session.engine)?;
    if is_report {
        report(session, &warehouse, sql, args.date)
    } else {
        free(session, &warehouse, &given, &name)
    }
}

/// SQL of a file, and what its errors call it.
fn read(file: &Path) -> Result<(String, String)> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { file.display().to_string() };
    let sql = if is_stdin { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let sql = sql.map_err(|error| Problem::usage(format!("could not read `{name}`: {error}")))?;
    Ok((sql.trim_start_matches('\u{feff}').to_owned(), name))
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

/// The user's own SQL, which its errors call `name`.
fn free(session: &Session, warehouse: &Warehouse, sql: &str, name: &str) -> Result<()> {
    let explain = |error: SqlError| {
        let closed = ["read-only mode", "disabled by configuration"];
        if error.class == "Statement" || closed.iter().any(|sign| error.message.contains(sign)) {
            return Problem::usage(format!("`olist query` only reads the database: {}", error.headline()))
                .at(Place::at_offset(name, sql, error.position.unwrap_or(0)))
                .hint("`--format csv > FILE` writes a file; any DuckDB client can do the rest");
        }
        let error = placed(warehouse, sql, error);
        let place = error.position.map(|at| Place::at_offset(name, sql, at));
        let problem = advice(warehouse, sql, &error, &[]);
        Problem { place, ..problem }.maybe_hint(what_a_copy_has(warehouse, &error))
    };
    print(session, warehouse, &Select::of(unended(sql)).map_err(explain)?, explain)
}

/// A published copy lacks what its readers may look for.
fn what_a_copy_has(warehouse: &Warehouse, error: &SqlError) -> Option<String> {
    let tables = (error.class == "Catalog").then(|| publish::about_copy(warehouse).ok().flatten())??;
    Some(format!("`{}` is a published copy: {tables}", warehouse.path.display()))
}

fn report(session: &Session, warehouse: &Warehouse, name: &str, date: Option<NaiveDate>) -> Result<()> {
    let templates = &session.templates()?;
    let report = match date {
        Some(date) => Report::read(templates, name, date)?,
        None => match Report::newest(warehouse, templates, name, NaiveDate::default())? {
            Some(report) if !report.rendered.refs.is_empty() => report,
            // None of what it is about is built: at the last date there can be.
            _ => {
                publish::check_whole(warehouse)?;
                Report::read(templates, name, Loaded::read(warehouse)?.last_date())?
            }
        },
    };
    if let Some(table) = report.unbuilt(warehouse)? {
        let date = report.date;
        return Err(Problem::data(format!("`{table}` is not built at {date}"))
            .hint(format!("`olist run --date {date}` builds it"))
            .into());
    }
    term::note(&format!("{} ({})", report.description, report.date));
    let explain = |error: SqlError| {
        let hint = what_a_copy_has(warehouse, &error);
        report.explain(warehouse, templates, error).maybe_hint(hint)
    };
    print(session, warehouse, &report.rendered.select().map_err(explain)?, explain)
}

/// DuckDB makes the texts, as its own clients do, and its own JSON, which keeps numbers, lists and NULL apart.
fn print(
    session: &Session,
    warehouse: &Warehouse,
    select: &Select,
    explain: impl Fn(SqlError) -> Problem,
) -> Result<()> {
    let format = session.options.format;
    let names = warehouse.describe(select).map_err(&explain)?;
    let made = match format {
        Format::Json => "to_json(q)::varchar".to_owned(),
        Format::Csv => "columns(*)::varchar".to_owned(),
        _ => for_people(&names),
    };
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let query = select.within(&format!("select {made} from (\n"), "\n) as q");
    let width = if format == Format::Json { 1 } else { names.len() };
    let read = |row: &duckdb::Row<'_>| {
        (0..width).map(|at| row.get(at)).collect::<duckdb::Result<Vec<Option<String>>>>()
    };
    let rows = warehouse.rows(query.as_str(), &[], read);
    let rows = rows.map_err(|error| explain(error.shifted(query.start())))?;
    let text = match format {
        Format::Json if rows.is_empty() => "[]\n".to_owned(),
        Format::Json => {
            let rows: Vec<String> = rows.into_iter().flatten().flatten().collect();
            format!("[\n  {}\n]\n", strict(&rows.join(",\n  ")))
        }
        Format::Csv => {
            let head = names.iter().map(|name| Some((*name).to_owned())).collect();
            let line = |row: Vec<Option<String>>| row.into_iter().map(csv_cell).collect::<Vec<_>>().join(",");
            std::iter::once(head).chain(rows).map(|row| line(row) + "\n").collect()
        }
        _ => {
            let mut table = Table::new(&names);
            let all = rows.len();
            let shown = if term::width().is_some() { SHOWN } else { all };
            for row in rows.into_iter().take(shown) {
                table.push(row.into_iter().map(Option::unwrap_or_default).collect());
            }
            table.print(format)?;
            if shown < all {
                let [shown, all] = [shown, all].map(|rows| term::thousands(rows as u64));
                term::note(&format!(
                    "{shown} of {all} rows: `limit` takes others, --format csv has all of them"
                ));
            }
            return Ok(());
        }
    };
    Ok(term::data(&text)?)
}

/// All columns as texts, with the reasons of scores in words: `recency_days = 38 (+1.9); orders_90d = 12 (-0.22)`.
fn for_people(columns: &[(String, String)]) -> String {
    let in_words = |(name, _): &(String, String)| {
        format!(
            "array_to_string(list_transform({name}, lambda r: concat(r.input, printf(' = %.4g', r.value),
                 printf(' (%+.3g)', r.contribution))), '; ') as {name}",
            name = ident(name)
        )
    };
    let reasons: Vec<String> =
        columns.iter().filter(|(_, sql_type)| sql_type == REASONS).map(in_words).collect();
    if reasons.is_empty() {
        return "columns(*)::varchar".to_owned();
    }
    format!("columns(* replace ({}))::varchar", reasons.join(", "))
}

/// A cell of CSV: NULL is nothing, an empty text is a pair of quotes.
fn csv_cell(cell: Option<String>) -> String {
    match cell {
        Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        cell => cell.unwrap_or_default(),
    }
}
