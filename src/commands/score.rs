//! `olist score MODEL --date D[..D]`

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::catalog::Model;
use crate::cli::Dates;
use crate::config::Task;
use crate::mlflow;
use crate::output::Format;
use crate::registry;
use crate::run::{Loaded, Scored};
use crate::segment;
use crate::term;
use crate::warehouse::{Warehouse, idents};

pub fn score(session: &Session, name: &str, dates: &Dates, force: bool) -> Result<()> {
    let warehouse = session.open_existing()?;
    let loaded = Loaded::read(&warehouse)?;
    let dates = dates.expand(loaded.last_date())?;
    let (first, last) = (dates[0], dates[dates.len() - 1]);
    loaded.check(last)?;
    let catalog = session.catalog(first)?;
    let model = catalog.model(name)?;
    let mut run = session.run(&warehouse, &catalog, &loaded, force)?;
    for &date in &dates {
        let version =
            registry::in_force(&warehouse, name, date)?.ok_or_else(|| registry::no_champion(name))?;
        let what = match run.score(model, &version, date)? {
            Scored::Unchanged => "unchanged".to_owned(),
            Scored::Written(rows) => term::counted(usize::try_from(rows)?, "score"),
            Scored::Skipped => continue,
        };
        let back = if version.is_back_cast(date) { ", a back-cast" } else { "" };
        term::note(&format!("{name} {date}: {what} by version {}{back}", version.number));
    }
    run.finish()?;
    run.tell_unbuilt();
    if !run.has_failures() {
        show_scores(session, &warehouse, model, last, 10)?;
    }
    mlflow::flush(&warehouse)?;
    run.verdict(false)
}

/// What a date's scores look like, on stdout: the highest few, or the profile of the segments. And how to read all.
pub fn show_scores(
    session: &Session,
    warehouse: &Warehouse,
    model: &Model,
    date: NaiveDate,
    most: usize,
) -> Result<()> {
    let table = model.table();
    let key = idents(&model.spec.key);
    let (query, shown) = match model.spec.task {
        Task::Binary(_) => {
            let columns =
                format!("{key}, round(score, 4) as score, rank, decile, model_version, trained_through");
            let query = format!("from {table} where reference_date = date '{date}' order by rank");
            let shown = format!("select {columns} {query}, {key} limit {most}");
            (query, shown)
        }
        Task::Clusters(_) => {
            let query =
                format!("from {table} where reference_date = date '{date}' order by segment, distance");
            let profile = segment::table_of(model);
            let shown = format!(
                "select segment, segment_name, size, round(share, 3) as share, round(outcome_share, 3) as outcome_share,
                     outcome_from, sets_apart
                 from {profile} where reference_date = date '{date}' order by segment"
            );
            (query, shown)
        }
    };
    let top = warehouse.arrow(&shown)?;
    if top.rows() == 0 {
        term::warn(&format!("{} at {date}: nobody is in its population, so there are no scores", model.name));
        if session.options.format == Format::Table {
            return Ok(());
        }
        return top.table().print(session.options.format);
    }
    term::note(&format!("\n{} at {date}", model.name));
    top.table().print(session.options.format)?;
    let database = session.database().display();
    let option = if database.to_string() == "olist.duckdb" {
        String::new()
    } else {
        format!("--database {database} ")
    };
    term::note(&format!("read all of them:\n  olist query {option}\"select * {query}\""));
    Ok(())
}
