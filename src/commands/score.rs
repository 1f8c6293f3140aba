//! `olist score MODEL --date D[..D]`

use anyhow::Result;
use chrono::NaiveDate;

use crate::build::Model;
use crate::output::Table;
use crate::pipeline::Pipeline;
use crate::problem::Problem;
use crate::registry;
use crate::score::Outcome;
use crate::session::{Loaded, Session};
use crate::term;
use crate::warehouse::{Warehouse, cell_text, idents};

pub fn score(session: &Session, name: &str, dates: &[NaiveDate], force: bool) -> Result<()> {
    let (first, last) = (dates[0], dates[dates.len() - 1]);
    let warehouse = session.open()?;
    let loaded = Loaded::read(&warehouse)?;
    loaded.check(last)?;
    let catalog = session.catalog(first)?;
    let model = catalog.model(name)?;
    let mut pipeline = Pipeline::new(session, &warehouse, &catalog, &loaded, force)?;
    for &date in dates {
        let version = registry::in_force(&warehouse, name, date)?.ok_or_else(|| {
            Problem::data(format!("`{name}` has no champion yet"))
                .hint(format!("`olist train {name}` makes one"))
        })?;
        let what = match pipeline.score(model, &version, date)? {
            Outcome::Unchanged => "unchanged".to_owned(),
            Outcome::Scored(rows) => term::counted(usize::try_from(rows)?, "score"),
        };
        let back = if version.trained_through > date { ", a back-cast" } else { "" };
        term::note(&format!("{name} {date}: {what} by version {}{back}", version.number));
    }
    pipeline.finish()?;
    show_scores(session, &warehouse, model, last)
}

/// The ten highest scores of a date on stdout, and how to read all of them.
pub fn show_scores(session: &Session, warehouse: &Warehouse, model: &Model, date: NaiveDate) -> Result<()> {
    let table = model.table();
    if !warehouse.has_table(&table)? {
        return Ok(());
    }
    let key = idents(&model.spec.key);
    let columns = format!("{key}, round(score, 4) as score, rank, decile, model_version, trained_through");
    let query = format!("from {table} where reference_date = date '{date}' order by rank");
    let top = warehouse.arrow(&format!("select {columns} {query}, {key} limit 10"))?;
    if top.rows() == 0 {
        term::warn(&format!("{} at {date}: nobody is in its population, so there are no scores", model.name));
        return Ok(());
    }
    table_of(&top).print(session.options.format)?;
    let database = session.database().display();
    let option = if database.to_string() == "olist.duckdb" {
        String::new()
    } else {
        format!("--database {database} ")
    };
    term::note(&format!("\nread them again:\n  olist query {option}\"select * {query}\""));
    Ok(())
}

/// The rows of a query as texts.
pub fn table_of(batches: &crate::warehouse::Batches) -> Table {
    let names: Vec<&String> = batches.schema.fields().iter().map(|field| field.name()).collect();
    let mut table = Table::new(&names);
    for batch in &batches.batches {
        for row in 0..batch.num_rows() {
            table.push(batch.columns().iter().map(|column| cell_text(column, row)).collect());
        }
    }
    table
}
