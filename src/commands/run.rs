//! `olist run --date …`: features, ABTs, training where it is due, scores.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;

use super::show::show;
use super::{Session, lake};
use crate::cli::{self, Engine};
use crate::ingest::{self, Origin};
use crate::mlflow;
use crate::partitions::SCRATCH;
use crate::publish;
use crate::registry::Version;
use crate::run::{Loaded, Options, Run, Scored};
use crate::term;
use crate::warehouse::journal::remove_database;
use crate::warehouse::{Warehouse, path, scratch_of};

pub fn run(session: &Session, args: &cli::Run) -> Result<()> {
    let started = Instant::now();
    args.publish.as_deref().map_or(Ok(()), |file| publish::check(&session.database, file))?;
    let mut folders: Vec<PathBuf> =
        args.publish.as_deref().map(publish::folder_of).transpose()?.into_iter().collect();
    let scratch = scratch_of(&session.database)?;
    folders.extend(scratch.exists().then(|| path::folder(&scratch).to_owned()));
    let read = |date| {
        let catalog = session.catalog(date)?;
        let selected = args.selection.of(&catalog)?;
        anyhow::Ok((catalog, selected))
    };
    // A mistake is told before the sample is loaded.
    let early = (!args.dates.needs_latest()).then(|| read(args.dates.expand(NaiveDate::MAX)?[0]));
    let early = early.transpose()?;
    let warehouse = open(session, folders)?;
    let mut loaded = Loaded::read(&warehouse)?;
    let dates = args.dates.expand(loaded.last_date())?;
    let (first, last) = (dates[0], dates[dates.len() - 1]);
    loaded.check(last)?;
    let (catalog, selected) = early.map_or_else(|| read(first), Ok)?;
    let (tables, mut models) = (catalog.tables_of(&selected), catalog.models_of(&selected));
    loaded.warn_of_no_data(&warehouse, first)?;
    attach_scratch(&warehouse, &scratch)?;
    let lake = match args.engine {
        Engine::Duckdb => None,
        Engine::Spark => Some(lake::lake(session, &args.server, &warehouse, lake::home(&catalog))?),
    };
    loaded.loads.supersede(lake.as_ref().map_or(&BTreeMap::new(), |lake| &lake.remote));
    let options = Options { force: args.force, is_accepted: args.accept, lake, ..session.options() };
    let mut run = session.run(&warehouse, &catalog, &loaded, options)?;
    run.build(&tables, &dates)?;
    let mut scored = Vec::new();
    for &date in &dates {
        for model in &models {
            scored.extend(run.step(model, date)?.map(|(version, outcome)| (version, date, outcome)));
        }
    }
    models.iter().try_for_each(|model| run.monitor(model))?;
    run.finish()?;
    forget_scratch(&warehouse, &scratch)?;
    run.note_older(&tables);
    warn_of_back_casts(&scored);
    summary(&warehouse, &run, &scored, started)?;
    // What fails here is told at the end: what the run is for comes before.
    let published = args.publish.as_deref().map_or(Ok(()), |file| {
        let tables = publish::publish(&warehouse, &catalog, file, &session.run_id)?;
        term::note(&format!("published {} to `{}`", term::counted(tables, "table"), file.display()));
        anyhow::Ok(())
    });
    let flushed = mlflow::flush(&warehouse);
    let of_last = scored.iter().filter(|(_, date, outcome)| *date == last && *outcome != Scored::Skipped);
    let shown: BTreeSet<&str> = of_last.map(|(version, ..)| version.model.as_str()).collect();
    models.retain(|model| shown.contains(model.name.as_str()));
    show(session, &warehouse, &catalog, &models, last)?;
    published?;
    flushed?;
    run.verdict(!args.selection.select.is_empty())
}

/// What `olist plan` has built can be taken over. A scratch that cannot be read is as good as none.
fn attach_scratch(warehouse: &Warehouse, scratch: &Path) -> Result<()> {
    if scratch.exists() {
        let attach = format!("attach {} as {SCRATCH} (type duckdb, read_only)", path::literal(scratch)?);
        let _ = warehouse.batch(&attach);
    }
    Ok(())
}

/// What was built there is taken over, or is not what is wanted any more.
fn forget_scratch(warehouse: &Warehouse, scratch: &Path) -> Result<()> {
    warehouse.batch(&format!("detach database if exists {SCRATCH}"))?;
    if scratch.exists() { remove_database(scratch) } else { Ok(()) }
}

/// Warns of dates that were scored by a version which was trained on what came after them. Its scores look better than
/// those that could have been had at the time.
fn warn_of_back_casts(scored: &[(Version, NaiveDate, Scored)]) {
    let mut back_casts: BTreeMap<(&str, i32), (NaiveDate, Vec<NaiveDate>)> = BTreeMap::new();
    for (version, date, _) in scored.iter().filter(|(version, date, _)| version.is_back_cast(*date)) {
        let of_version = back_casts.entry((&version.model, version.number)).or_default();
        of_version.0 = version.trained_through;
        of_version.1.push(*date);
    }
    for ((model, version), (through, dates)) in back_casts {
        let dates = match &dates[..] {
            [] => continue,
            [date] => format!("{date} is a back-cast"),
            [first, second] => format!("{first} and {second} are back-casts"),
            [first, .., last] => {
                format!("{first} to {last} ({}) are back-casts", term::counted(dates.len(), "date"))
            }
        };
        term::warn(&format!(
            "{model}: {dates} by version {version}, trained through {through}, which has seen what followed; \
             the same range in a new database (--database FILE, loaded alike) is the history that monthly runs would have left"
        ));
    }
}

/// The database: one that is named has to be there; else the synthetic marketplace is loaded where there are no sources.
fn open(session: &Session, folders: Vec<PathBuf>) -> Result<Warehouse> {
    let is_named = session.options.database.is_some();
    if is_named {
        Warehouse::check_there(&session.database)?;
    }
    let warehouse = session.open(folders)?;
    if is_named || !ingest::current_versions(&warehouse)?.is_empty() {
        return Ok(warehouse);
    }
    ingest::announce_sample(cli::DEFAULT_ORDERS);
    let origin = Origin::Sample { orders: cli::DEFAULT_ORDERS, seed: cli::DEFAULT_SEED };
    let summary =
        ingest::ingest(&warehouse, session.project()?, &session.templates()?, &origin, None, false)?;
    if let Some(day) = summary.data_until {
        term::note(&format!("loaded the synthetic marketplace; data until {day}"));
    }
    Ok(warehouse)
}

fn summary(
    warehouse: &Warehouse,
    run: &Run<'_>,
    scored: &[(Version, NaiveDate, Scored)],
    started: Instant,
) -> Result<()> {
    let written = scored.iter().filter_map(|(.., outcome)| match outcome {
        Scored::Written(rows) => Some(*rows),
        Scored::Unchanged | Scored::Skipped => None,
    });
    let (partitions, rows) = (written.clone().count(), written.sum::<i64>());
    let seconds = started.elapsed().as_secs_f64();
    if run.built == 0 && partitions == 0 && !run.has_failures() {
        term::note(&format!("nothing to do: everything is built and unchanged ({seconds:.2} s)"));
    } else {
        term::note(&format!(
            "built {}, {} unchanged; wrote {} in {} ({seconds:.1} s)",
            term::counted(run.built, "partition"),
            run.unchanged,
            term::counted(usize::try_from(rows)?, "score"),
            term::counted(partitions, "partition"),
        ));
        if run.set_aside > 0 {
            let rows = term::counted(run.set_aside, "row");
            term::note(&format!(
                "set aside {rows} that failed a check: `olist query \"from pipeline.quarantine\"`"
            ));
        }
        run.tell_unbuilt();
    }
    if ingest::is_synthetic(warehouse)? {
        term::note(ingest::SYNTHETIC);
    }
    Ok(())
}
