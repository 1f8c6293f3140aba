//! How the commands that score end: with the reports about the scores, or the scores themselves.

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::catalog::{Catalog, Model};
use crate::config::Task;
use crate::output::{Format, Table};
use crate::reports::{self, Report};
use crate::segment;
use crate::template::Templates;
use crate::term;
use crate::warehouse::{Warehouse, idents};

/// Rows that are shown, where one model was scored, and where several were.
pub const MOST: usize = 10;
const FEW: usize = 5;

/// What the user came for: the reports of the scores of `date`, and how to go on from there.
pub fn show(
    session: &Session,
    warehouse: &Warehouse,
    catalog: &Catalog,
    models: &[&Model],
    date: NaiveDate,
) -> Result<()> {
    let format = session.options.format;
    if format != Format::Table {
        return match models {
            [model] => show_scores(session, warehouse, model, date, MOST),
            _ => partitions(warehouse, models, date)?.print(format),
        };
    }
    let most = if models.len() > 1 { FEW } else { MOST };
    let mut shown = Vec::new();
    for model in models {
        let reports = show_reports(warehouse, &catalog.templates, model, date, most)?;
        if reports.is_empty() {
            show_scores(session, warehouse, model, date, most)?;
        }
        shown.extend(reports);
    }
    let Some(first) = shown.first() else { return Ok(()) };
    let option = session.database_option();
    let others = if shown.len() > 1 { format!(" (or {})", shown[1..].join(", ")) } else { String::new() };
    term::note(&format!("\nall of it, and its other columns:\n  olist query {option}{first}{others}"));
    term::note("`--format csv > FILE` behind it is for a spreadsheet; any client reads it as reports.NAME");
    Ok(())
}

/// The head of each report about the scores of `model`; gives their names.
fn show_reports(
    warehouse: &Warehouse,
    templates: &Templates,
    model: &Model,
    date: NaiveDate,
    most: usize,
) -> Result<Vec<String>> {
    let mut shown = Vec::new();
    for name in reports::names(templates) {
        // What is wrong with a report is told by what makes it a view.
        let Ok(report) = Report::read(templates, name, date) else { continue };
        if !report.rendered.refs.contains(&model.table()) || report.unbuilt(warehouse)?.is_some() {
            continue;
        }
        let Ok(rows) = report.rendered.select().and_then(|select| warehouse.arrow(select.as_str())) else {
            continue;
        };
        let mut table = rows.table();
        if table.is_empty() {
            continue;
        }
        let mut of = String::new();
        if table.len() > MOST {
            of = format!(", the first {most} of {}", table.len());
            table.truncate(most);
        }
        term::note(&format!("\n{}: {} ({date}{of})", name, report.headline()));
        term::data(&match term::width() {
            Some(width) => table.first_columns(width).0.text(),
            None => table.text(),
        })?;
        shown.push(name.to_owned());
    }
    Ok(shown)
}

/// For programs: which partitions of scores there are now. Several tables on one stdout could not be read.
fn partitions(warehouse: &Warehouse, models: &[&Model], date: NaiveDate) -> Result<Table> {
    let mut table =
        Table::new(&["table_name", "reference_date", "rows", "model_version", "trained_through", "built_at"]);
    for model in models {
        let name = model.table();
        let sql = format!(
            "select p.table_name, p.reference_date::varchar, rows::varchar,
                 coalesce(any_value(s.model_version)::varchar, ''),
                 coalesce(any_value(s.trained_through)::varchar, ''), built_at::varchar
             from pipeline.partitions as p
             left join {name} as s on s.reference_date = p.reference_date
             where p.table_name = ? and p.reference_date = ?
             group by all"
        );
        let read = |row: &duckdb::Row<'_>| (0..6).map(|at| row.get(at)).collect();
        if let Some(row) = warehouse.row(&sql, &[&name, &date], read)? {
            table.push(row);
        }
    }
    Ok(table)
}

/// What a date's scores look like, on stdout: the highest few, or the profile of the segments. And how to read all.
pub fn show_scores(
    session: &Session,
    warehouse: &Warehouse,
    model: &Model,
    date: NaiveDate,
    most: usize,
) -> Result<()> {
    let (table, key) = (model.table(), idents(&model.spec.key));
    let at = format!("where reference_date = date '{date}' order by");
    let (query, shown) = match model.spec.task {
        Task::Binary(_) => {
            let query = format!("from {table} {at} rank");
            let columns = "round(score, 4) as score, rank, decile, model_version, trained_through";
            let shown = format!("select {key}, {columns} {query}, {key} limit {most}");
            (query, shown)
        }
        Task::Clusters(_) => {
            let shown = format!(
                "select segment, segment_name, size, round(share, 3) as share, round(outcome_share, 3) as outcome_share,
                     outcome_from, sets_apart
                 from {} {at} segment",
                segment::table_of(model)
            );
            (format!("from {table} {at} segment, distance"), shown)
        }
    };
    let (top, format) = (warehouse.arrow(&shown)?.table(), session.options.format);
    if top.is_empty() {
        term::warn(&format!("{} at {date}: nobody is in its population, so there are no scores", model.name));
        return if format == Format::Table { Ok(()) } else { top.print(format) };
    }
    term::note(&format!("\n{} at {date}", model.name));
    top.print(format)?;
    let option = session.database_option();
    term::note(&format!("read all of them:\n  olist query {option}\"select * {query}\""));
    Ok(())
}
