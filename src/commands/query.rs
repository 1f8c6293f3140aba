//! `olist query SQL`, or the name of a report

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use crate::output::{Format, Table};
use crate::problem::{Place, Problem};
use crate::session::{Loaded, Session};
use crate::spec::Fields;
use crate::template::Kind;
use crate::term;
use crate::warehouse::{SqlError, Warehouse, analyst, text};

pub fn query(session: &Session, sql: &str, date: Option<NaiveDate>) -> Result<()> {
    let warehouse = session.open_read_only()?;
    let is_name = sql.chars().all(|c| c.is_alphanumeric() || c == '_');
    let file = format!("queries/reports/{sql}.sql");
    if is_name && session.project()?.source(&file).is_some() {
        return report(session, &warehouse, &file, date);
    }
    if date.is_some() {
        return Err(Problem::usage(format!("--date goes with a report, and `{file}` is not there"))
            .hint("write the date into the SQL, or name a file of queries/reports/")
            .into());
    }
    print(session, &warehouse, sql, |error| {
        if error.message.contains("read-only mode") {
            return Problem::usage("`olist query` only reads")
                .hint("any DuckDB client can write to the file");
        }
        let error = warehouse.placed(sql, error.clone());
        let message = error.headline();
        let mut problem = Problem::usage(message);
        if let Some(at) = error.position {
            problem = problem.at(Place::at_offset("query", sql, at));
        }
        problem.maybe_hint(error.near())
    })
}

fn report(session: &Session, warehouse: &Warehouse, file: &str, date: Option<NaiveDate>) -> Result<()> {
    let templates = session.templates()?;
    let date = if let Some(date) = date {
        date
    } else {
        // What it refers to is the same at any date.
        let last = Loaded::read(warehouse)?.last_date();
        let rendered = templates.render(file, Kind::Report, Some(last), None)?;
        newest_scores(warehouse, &rendered.refs)?.unwrap_or(last)
    };
    let rendered = templates.render(file, Kind::Report, Some(date), None)?;
    let mut fields = Fields::new(file, templates.source(file), "", rendered.config.clone());
    let description = fields.text("description")?;
    fields.finish()?;
    for table in &rendered.refs {
        let built = "select 1 from pipeline.partitions where table_name = ? and reference_date = ?";
        if warehouse.row(built, &[table, &date], |_| Ok(()))?.is_none() {
            return Err(Problem::data(format!("`{table}` is not built at {date}"))
                .hint(format!("`olist run --date {date}` builds it"))
                .into());
        }
    }
    term::note(&format!("{description} ({date})"));
    print(session, warehouse, &rendered.sql, |error| analyst(warehouse, error.clone(), &rendered, &templates))
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

fn print(
    session: &Session,
    warehouse: &Warehouse,
    sql: &str,
    explain: impl Fn(&SqlError) -> Problem,
) -> Result<()> {
    if session.options.format == Format::Json {
        // DuckDB's own JSON keeps numbers, lists and NULL apart.
        let query = format!("select to_json(q) from (\n{}\n) as q", sql.trim().trim_end_matches(';'));
        if let Ok(rows) = warehouse.rows(&query, &[], |row| row.get::<_, String>(0)) {
            let body = rows.join(",\n  ");
            return Ok(term::data(&if rows.is_empty() {
                "[]\n".to_owned()
            } else {
                format!("[\n  {body}\n]\n")
            })?);
        }
    }
    let batches = warehouse.arrow(sql).map_err(|error| explain(&error))?;
    Table::of(&batches).print(session.options.format)
}
