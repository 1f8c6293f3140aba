//! `olist plan`: what a run would do, tried in a copy beside the database.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use super::Session;
use crate::cli;
use crate::output::{self, Format};
use crate::partitions::{Ledger, Plan};
use crate::preview::{BEFORE, Differing, ModelPreview, Moved, Preview, TablePreview, Trained, preview};
use crate::registry::comparison;
use crate::run::{Loaded, Run};
use crate::term;
use crate::warehouse::{Engine, Warehouse, make_scratch, path};

/// Columns of a table whose values differ that are shown.
const COLUMNS: usize = 8;

/// Whether a run would change anything.
pub fn plan(session: &Session, args: &cli::Plan) -> Result<bool> {
    let started = Instant::now();
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    let dates = args.dates.expand(loaded.last_date())?;
    loaded.check(dates[dates.len() - 1])?;
    let catalog = session.catalog(dates[0])?;
    let selected = args.selection.of(&catalog)?;
    let (tables, models) = (catalog.tables_of(&selected), catalog.models_of(&selected));
    let ledger = Ledger::read(&warehouse)?;
    let basis = session.means(&warehouse, &ledger, &loaded).basis(&ledger, false);
    expect(&ledger, &Plan::make(&catalog, &tables, &dates, &basis)?);
    // Its lock would end when the file is copied.
    drop(warehouse);
    let scratch = scratch(session)?;
    let mut run = session.run(&scratch, &catalog, &loaded, session.options())?;
    run.build(&tables, &dates)?;
    for &date in &dates {
        for model in &models {
            run.step(model, date)?;
        }
    }
    run.finish()?;
    let found = preview(&scratch, &catalog, &session.run_id)?;
    let seconds = started.elapsed().as_secs_f64();
    if session.options.format == Format::Table {
        tell(&scratch, &found)?;
        term::note(&told_next(&found, &run, seconds));
    } else {
        output::json(&json!({
            "dates": dates.iter().map(ToString::to_string).collect::<Vec<_>>(), "tables": found.tables,
            "models": found.models, "seconds": seconds, "failed": run.has_failures(),
        }))?;
    }
    run.tell_unbuilt();
    let (is_empty, has_failures) = (found.is_empty(), run.has_failures());
    run.verdict(false)?;
    if is_empty && !has_failures {
        scratch.remove()?;
    }
    Ok(!is_empty)
}

/// A copy of the database, with the database itself attached for reading.
fn scratch(session: &Session) -> Result<Warehouse> {
    let copy = make_scratch(&session.database)?;
    let database = path::behind_links(&session.database)?;
    let engine = Engine { folders: vec![path::folder(&database).to_owned()], ..session.engine.clone() };
    let scratch = Warehouse::open(&copy, &engine)?;
    let name = path::literal(&database)?;
    scratch.batch(&format!("attach {name} as {BEFORE} (type duckdb, read_only)"))?;
    Ok(scratch)
}

/// What is to be built, and how long partitions like these took.
fn expect(ledger: &Ledger, plan: &Plan) {
    if plan.tasks.is_empty() {
        return;
    }
    let usual: f64 = plan.tasks.iter().filter_map(|task| ledger.usual_ms(&task.table)).sum();
    let time = if usual > 0.0 {
        format!(", {:.1} s of work by the last ones", usual / 1000.0)
    } else {
        String::new()
    };
    term::note(&format!(
        "{} to build, besides what trainings need{time}; tried in a copy beside the database",
        term::counted(plan.tasks.len(), "partition")
    ));
}

fn told_next(found: &Preview, run: &Run<'_>, seconds: f64) -> String {
    if !found.is_empty() {
        let built = term::counted(run.built, "partition");
        format!(
            "tried in {seconds:.1} s; nothing is written yet. `olist run` with these options takes over the {built} built here"
        )
    } else if run.has_failures() {
        "nothing could be built".to_owned()
    } else {
        format!("nothing to do: everything is built and unchanged ({seconds:.1} s)")
    }
}

fn tell(scratch: &Warehouse, found: &Preview) -> Result<()> {
    let mut parts: Vec<String> = found.tables.iter().map(told_table).collect();
    for model in &found.models {
        parts.push(format!("\n{}\n", model.model));
        for Trained { version, as_of, is_champion, reason } in &model.versions {
            let what = if *is_champion { "becomes champion" } else { "does not become champion" };
            parts.push(format!("  version {version}, trained as of {as_of}, {what}\n  {reason}\n"));
            parts.push(comparison::of(scratch, &model.model, *version)?.text());
        }
        parts.push(told_scores(model));
    }
    Ok(term::data(&parts.concat())?)
}

fn told_table(table: &TablePreview) -> String {
    let mut reasons: Vec<(&String, usize)> = Vec::new();
    for why in table.dates.values() {
        match reasons.iter_mut().find(|(other, _)| *other == why) {
            Some((_, count)) => *count += 1,
            None => reasons.push((why, 1)),
        }
    }
    let columns = [("+", &table.columns_added), ("-", &table.columns_removed), ("~", &table.columns_retyped)];
    let mut changes: Vec<String> = columns
        .iter()
        .flat_map(|(sign, names)| names.iter().map(move |name| format!("{sign} column {name}")))
        .collect();
    let rows = [("+", table.rows_after, &table.rows_added), ("-", table.rows_before, &table.rows_removed)];
    for (sign, all, differing) in rows {
        changes.extend(
            differing
                .iter()
                .map(|Differing { rows, example, .. }| format!("{sign} {rows} of {all}: {example}")),
        );
    }
    for Differing { column, rows, example } in table.columns_different.iter().take(COLUMNS) {
        changes.push(format!("~ {column} in {rows} of {} rows: {example}", table.rows_before));
    }
    if table.columns_different.len() > COLUMNS {
        changes.push(format!("~ and {} more columns", table.columns_different.len() - COLUMNS));
    }
    if changes.is_empty() && table.new_dates.len() < table.dates.len() {
        changes.push("the same rows".to_owned());
    }
    let reasons = reasons.iter().map(|(why, dates)| format!("{}: {why}", term::counted(*dates, "date")));
    let lines = reasons.chain(changes).map(|line| format!("  {line}\n"));
    format!("\n{}\n{}", table.table, lines.collect::<String>())
}

fn told_scores(model: &ModelPreview) -> String {
    let mut lines = Vec::new();
    for Moved { date, rows_before, rows_after, crossing, most } in &model.scores {
        lines.push(format!(
            "  {date}: {rows_before} scores before, {rows_after} after; {crossing} come into the top decile or change their segment"
        ));
        lines.extend(most.iter().map(|(key, before, after)| format!("    {key}  {before} -> {after}")));
    }
    lines.extend(model.new_scores.iter().map(|(date, rows)| format!("  {date}: {rows} scores, new")));
    lines.join("\n") + "\n"
}
