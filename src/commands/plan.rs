//! `olist plan`: what a run would do, tried in a copy beside the database.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use super::Session;
use crate::cli;
use crate::output::{self, Format};
use crate::partitions::{Ledger, Plan};
use crate::preview::{BEFORE, Differing, ModelPreview, Preview, TablePreview, preview};
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
    let dates = cli::Dates { ranges: args.ranges.clone(), every: args.every }.expand(loaded.last_date())?;
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
    let mut run = session.run(&scratch, &catalog, &loaded, false, None)?;
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
        let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
        let all = json!({
            "dates": dates, "tables": found.tables, "models": found.models, "seconds": seconds,
            "failed": run.has_failures(),
        });
        output::json(&all)?;
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
    let copy = make_scratch(session.database())?;
    let database = path::behind_links(session.database())?;
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
    if found.is_empty() && run.has_failures() {
        return "nothing could be built".to_owned();
    }
    if found.is_empty() {
        return format!("nothing to do: everything is built and unchanged ({seconds:.1} s)");
    }
    format!(
        "tried in {seconds:.1} s; nothing is written yet. `olist run` with these options takes over the {} built here",
        term::counted(run.built, "partition")
    )
}

fn tell(scratch: &Warehouse, found: &Preview) -> Result<()> {
    let tables = found.tables.iter().map(told_table);
    term::data(&tables.collect::<String>())?;
    for model in &found.models {
        term::data(&format!("\n{}\n", model.model))?;
        for version in &model.versions {
            let what = if version.is_champion { "becomes champion" } else { "does not become champion" };
            term::data(&format!(
                "  version {}, trained as of {}, {what}\n  {}\n",
                version.version, version.as_of, version.reason
            ))?;
            term::data(&comparison::of(scratch, &model.model, version.version)?.text())?;
        }
        term::data(&told_scores(model))?;
    }
    Ok(())
}

fn told_table(table: &TablePreview) -> String {
    let mut lines = vec![format!("\n{}", table.table)];
    let mut reasons: Vec<(&String, usize)> = Vec::new();
    for why in table.dates.values() {
        match reasons.iter_mut().find(|(other, _)| *other == why) {
            Some((_, count)) => *count += 1,
            None => reasons.push((why, 1)),
        }
    }
    lines.extend(reasons.iter().map(|(why, dates)| format!("  {}: {why}", term::counted(*dates, "date"))));
    lines.extend(table.columns_added.iter().map(|name| format!("  + column {name}")));
    lines.extend(table.columns_removed.iter().map(|name| format!("  - column {name}")));
    lines.extend(table.columns_retyped.iter().map(|name| format!("  ~ column {name}")));
    if let Some(rows) = &table.rows_added {
        lines.push(format!("  + {} of {}: {}", rows.rows, table.rows_after, rows.example));
    }
    if let Some(rows) = &table.rows_removed {
        lines.push(format!("  - {} of {}: {}", rows.rows, table.rows_before, rows.example));
    }
    for column in table.columns_different.iter().take(COLUMNS) {
        let Differing { column, rows, example } = column;
        lines.push(format!("  ~ {column} in {rows} of {} rows: {example}", table.rows_before));
    }
    if table.columns_different.len() > COLUMNS {
        lines.push(format!("  ~ and {} more columns", table.columns_different.len() - COLUMNS));
    }
    let is_same = lines.len() == 1 + reasons.len() && table.new_dates.len() < table.dates.len();
    if is_same {
        lines.push("  the same rows".to_owned());
    }
    lines.join("\n") + "\n"
}

fn told_scores(model: &ModelPreview) -> String {
    let mut lines = Vec::new();
    for moved in &model.scores {
        lines.push(format!(
            "  {}: {} scores before, {} after; {} come into the top decile or change their segment",
            moved.date, moved.rows_before, moved.rows_after, moved.crossing
        ));
        lines.extend(moved.most.iter().map(|(key, before, after)| format!("    {key}  {before} -> {after}")));
    }
    lines.extend(model.new_scores.iter().map(|(date, rows)| format!("  {date}: {rows} scores, new")));
    lines.join("\n") + "\n"
}
