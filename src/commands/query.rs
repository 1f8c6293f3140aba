//! `olist query SQL`, or the name of a report

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::config::{Config, Described};
use crate::diagnose::analyst;
use crate::fingerprint;
use crate::output::{Format, strict};
use crate::problem::{Place, Problem, nearest};
use crate::publish;
use crate::run::Loaded;
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
    warehouse.close_off()?;
    if is_report { report(session, &warehouse, &file, date) } else { free(session, &warehouse, sql) }
}

/// What can be said of a query before it is run.
fn check_sql(session: &Session, sql: &str, is_word: bool, date: Option<NaiveDate>) -> Result<()> {
    let reports: Vec<&str> = session.project()?.in_folder("queries/reports").map(|(_, name)| name).collect();
    let all = format!("the reports are: {}", reports.join(", "));
    let problem = match statements(sql) {
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

/// How many statements there are between the semicolons of `sql`.
fn statements(sql: &str) -> usize {
    let mut count = 0;
    let mut is_open = false;
    let mut quote = None;
    for sign in fingerprint::normal(sql).chars() {
        match (quote, sign) {
            (Some(mark), _) if mark == sign => quote = None,
            (Some(_), _) | (None, ' ') => {}
            (None, ';') => is_open = false,
            (None, _) => {
                count += usize::from(!is_open);
                is_open = true;
                quote = Some(sign).filter(|sign| matches!(sign, '\'' | '"'));
            }
        }
    }
    count
}

/// The user's own SQL.
fn free(session: &Session, warehouse: &Warehouse, sql: &str) -> Result<()> {
    print(session, warehouse, sql, |error| {
        if ["read-only mode", "disabled by configuration"].iter().any(|sign| error.message.contains(sign)) {
            return Problem::usage("`olist query` only reads the database")
                .hint("`--format csv > FILE` writes a file; any DuckDB client can do the rest");
        }
        let error = warehouse.placed(sql, error.clone());
        let message = error.headline();
        let mut problem = Problem::usage(message);
        if let Some(at) = error.position {
            problem = problem.at(Place::at_offset("query", sql, at));
        }
        problem.maybe_hint(error.near()).maybe_hint(what_a_copy_has(warehouse, &error))
    })
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
    print(session, warehouse, &rendered.sql, |error| {
        analyst(warehouse, error.clone(), &rendered, &templates).maybe_hint(what_a_copy_has(warehouse, error))
    })
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
            let body = strict(&rows.join(",\n  "));
            return Ok(term::data(&if rows.is_empty() {
                "[]\n".to_owned()
            } else {
                format!("[\n  {body}\n]\n")
            })?);
        }
    }
    let batches = warehouse.arrow(sql).map_err(|error| explain(&error))?;
    batches.table().print(session.options.format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_counted_without_quotes_and_comments() {
        for (sql, count) in [
            ("", 0),
            (" ; -- nothing\n;", 0),
            ("select 1;", 1),
            ("select ';', \"a;b\" /* ; */ -- ; it's\n;", 1),
            ("select 'it''s;'", 1),
            ("select 1; select 2", 2),
            ("select 'a'; -- and\nselect 2;", 2),
        ] {
            assert_eq!(statements(sql), count, "{sql}");
        }
    }
}
