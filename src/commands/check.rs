//! `olist check`: what every file has to hold, and the proof that none of them has seen the future; tables by both engines.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use chrono::{Datelike, Days, NaiveDate};
use rayon::prelude::*;

use super::{Session, lake};
use crate::audit::{self, Audit, Findings};
use crate::catalog::Catalog;
use crate::cli::{self, Check, Selection};
use crate::config::source_file;
use crate::dates;
use crate::graph::{self, Needs};
use crate::guard::Reach;
use crate::ingest;
use crate::output::Table;
use crate::parity::Parity;
use crate::partitions::Ledger;
use crate::portable::{inline, refused_checks};
use crate::problem::{self, Problem};
use crate::proof::{Report, Row, Tables};
use crate::publish;
use crate::run::Loaded;
use crate::template::{Kind, Templates};
use crate::term::{self, Progress};
use crate::warehouse::{Engine, Warehouse};

/// Days before the last date at which the proof is made, where none is given: there has to be a future to see.
const BEFORE: [u64; 3] = [270, 150, 60];

pub fn check(session: &Session, args: &Check) -> Result<()> {
    if args.portable {
        return portable(session, &args.selection);
    }
    if args.engine == cli::Engine::Spark {
        return parity(session, args);
    }
    let folders = args.against.as_deref().map(publish::folder_of).transpose()?.into_iter().collect();
    let warehouse = session.open_whole(folders)?;
    let loaded = Loaded::read(&warehouse)?;
    let mut dates = asked_dates(args, &loaded)?;
    let last = dates[dates.len() - 1];
    let (catalog, mistakes) = session.catalog_of_the_rest(dates[0])?;
    let selected = args.selection.of(&catalog)?;
    if args.dates.ranges.is_empty() {
        // What is cut off at a fixed day hides nothing of the future from the dates behind it.
        let first = catalog.models_of(&selected).into_iter().map(|model| model.spec.from).min();
        dates.extend(first.filter(|first| dates.iter().all(|date| first < date)));
        dates.sort_unstable();
    }
    let specs = ingest::specs(session.project()?, &catalog.templates)?;
    let definitions = audit::definitions(&warehouse)?;
    let mut report = Report::default();
    let edited = ingest::edited(&warehouse, session.project()?, &catalog.templates)?;
    report.problems.extend(edited.iter().map(|name| not_loaded(&catalog.templates, name)));
    let reach = Reach::new(&warehouse, &catalog.templates, &session.run_id)?;
    for name in specs.keys() {
        report.problems.extend(reach.source(&source_file(name))?);
    }
    let tables = Tables {
        catalog: &catalog,
        is_proof_only: args.future,
        reach,
        definitions: &definitions,
        order: catalog.order.iter().filter(|name| selected.contains(*name)).collect(),
        progress: Progress::new(dates.len() * selected.len(), "checking"),
    };
    let made_of = specs.keys().map(|name| Ok((name.clone(), sources_of(&catalog.templates, name)?)));
    let made_of: Needs = made_of.collect::<Result<_>>()?;
    let is_all = args.selection.select.is_empty() && args.selection.exclude.is_empty();
    let read =
        if is_all { made_of.keys().cloned().collect() } else { read(&catalog, &selected, last, &made_of)? };
    let audit = Audit::new(warehouse, &catalog, &specs, last, loaded.data_until)?;
    let mut accused = match &args.against {
        Some(older) => audit.loads(older)?,
        None => Findings::new(),
    };
    let (audited, reports) = prove(session, &tables, move || audit.run(&read, &edited), &dates)?;
    drop(tables);
    for (name, problems) in audited {
        accused.entry(name).or_default().extend(problems);
    }
    for other in reports {
        report.join(other);
    }
    doubt(&mut report, &made_of, accused.keys());
    accused.into_values().flatten().for_each(|problem| report.find(problem));
    let good = "no future was seen: every table is the same with and without what became known later";
    end(session, report, mistakes, "mistake", good)
}

/// The file of the source `name` is not what was loaded.
fn not_loaded(templates: &Templates, name: &str) -> Problem {
    let file = source_file(name);
    Problem::data(format!("{file} was edited after it was loaded"))
        .at(templates.place(&file, "config"))
        .hint("`olist ingest` puts the edit into effect; what is checked here is what was loaded")
}

/// The tables of each date in a DuckDB of its own, with the cores shared between them, beside what is said of the sources:
/// each leaves a core idle now and then.
fn prove(
    session: &Session,
    tables: &Tables<'_>,
    audit: impl FnOnce() -> Result<Findings> + Send,
    dates: &[NaiveDate],
) -> Result<(Findings, Vec<Report>)> {
    // Few dates all at once, so that none is left over.
    let side_by_side = if dates.len() <= 2 * session.cores() { dates.len() } else { session.cores() };
    let engine = Engine { threads: Some((session.cores() / side_by_side).max(1)), ..session.engine.clone() };
    let path = &session.database;
    let work = |date: &NaiveDate| tables.at(&Warehouse::open_read_only(path, &engine)?, *date);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(side_by_side).build()?;
    std::thread::scope(|scope| {
        let audited = scope.spawn(audit);
        let reports: Result<Vec<Report>> = pool.install(|| dates.par_iter().map(work).collect());
        let audited = audited.join().unwrap_or_else(|_| Err(anyhow!("the audit ended by itself")));
        Ok((audited?, reports?))
    })
}

/// Those that are asked for, none of them behind the data; else the first of a month, three times.
pub fn asked_dates(args: &Check, loaded: &Loaded) -> Result<Vec<NaiveDate>> {
    let last = loaded.last_date();
    let dates = match &args.dates.ranges[..] {
        [] => {
            let before = |days| last.checked_sub_days(Days::new(days));
            BEFORE.into_iter().filter_map(|days| before(days)?.with_day(1)).collect()
        }
        ranges => dates::expand(ranges, args.dates.every, last),
    };
    loaded.check(dates[dates.len() - 1])?;
    Ok(dates)
}

/// The sources that the source `name` is made of.
fn sources_of(templates: &Templates, name: &str) -> Result<BTreeSet<String>> {
    Ok(templates.render(&source_file(name), Kind::Source, None, Some("raw"))?.sources)
}

/// The sources that are read by `tables`, among which is all that they need, and by these sources.
fn read(
    catalog: &Catalog,
    tables: &BTreeSet<String>,
    date: NaiveDate,
    made_of: &Needs,
) -> Result<BTreeSet<String>> {
    let mut read = BTreeSet::new();
    for table in tables {
        let rendered = catalog.render(table, date)?;
        let all = rendered.sources.iter().chain(&rendered.outcomes);
        read.extend(all.flat_map(|source| graph::upstream(source, made_of)));
    }
    Ok(read)
}

/// A table that is made of a source which shows the future is not proven, whatever its own SELECT does.
fn doubt<'a>(report: &mut Report, made_of: &Needs, accused: impl Iterator<Item = &'a String>) {
    let accused: BTreeSet<String> = accused.flat_map(|name| graph::downstream(name, made_of)).collect();
    for row in report.rows.iter_mut().filter(|row| row.result == Row::PROVEN) {
        if let Some(name) = row.sources.intersection(&accused).next() {
            row.result = format!("unproven: sources.{name}");
        }
    }
}

/// Prints what was found in tables and in files that could not be read.
pub fn end(session: &Session, report: Report, unread: Vec<Problem>, one: &str, good: &str) -> Result<()> {
    let mut table = Table::new(&["table", "reference_date", "rows", "columns", "result"]);
    for Row { table: name, date, rows, columns, result, .. } in report.rows {
        table.push(vec![name, date.to_string(), rows.to_string(), columns.to_string(), result]);
    }
    table.print(session.options.format)?;
    report.warnings.iter().for_each(|warning| term::warn(warning));
    verdict(report.problems, unread, one, good)
}

/// Tells each problem once; files that could not be read at all are no finding about the data.
pub fn verdict(found: Vec<Problem>, unread: Vec<Problem>, one: &str, good: &str) -> Result<()> {
    let kind = if found.is_empty() { problem::Kind::Usage } else { problem::Kind::Data };
    let mut told: Vec<Problem> = Vec::new();
    for problem in found.into_iter().chain(unread) {
        if told.iter().all(|other| !other.is_same(&problem)) {
            term::error(&problem.to_string());
            told.push(problem);
        }
    }
    if told.is_empty() {
        term::note(good);
        return Ok(());
    }
    let what = format!("{} found, see above", term::counted(told.len(), one));
    Err(Problem { kind, ..Problem::usage(what) }.into())
}

/// The same tables by both engines, for `--engine spark`.
fn parity(session: &Session, args: &Check) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    let dates = asked_dates(args, &loaded)?;
    let catalog = session.catalog(dates[0])?;
    let tables = catalog.tables_of(&args.selection.of(&catalog)?);
    let lake = lake::lake(session, &args.server, &warehouse, tables.clone())?.apart();
    let ledger = Ledger::read(&warehouse)?;
    let means = session.means(&warehouse, &ledger, &loaded);
    let parity = Parity { means, catalog: &catalog, tables: &tables, dates: &dates };
    let report = parity.report(&lake)?;
    end(session, report, Vec::new(), "difference", "both engines make the same rows")
}

/// Any date does: it decides no more than digits.
const DATE: NaiveDate = NaiveDate::from_ymd_opt(2018, 1, 1).unwrap();

/// Whether the files of a project run on Spark as well, and why not, for `--portable`.
fn portable(session: &Session, selection: &Selection) -> Result<()> {
    let (catalog, mistakes) = session.catalog_of_the_rest(DATE)?;
    let templates = session.templates_for_spark()?;
    let specs = ingest::specs(session.project()?, &templates)?;
    let selected = selection.of(&catalog)?;
    let mut table = Table::new(&["table", "file", "runs on Spark"]);
    let mut problems: Vec<Problem> = Vec::new();
    // Models are scored where the ABT has come back to: in DuckDB.
    let nodes = catalog.order.iter().filter(|name| selected.contains(*name));
    for node in nodes.filter_map(|name| catalog.tables.get(name)) {
        let rendered = catalog.render_with(&templates, &node.name, DATE)?;
        let mut refused = inline(&rendered, &templates, &specs).err().unwrap_or_default();
        refused.extend(refused_checks(&node.file, &node.spec, &templates));
        let result =
            if refused.is_empty() { "yes".to_owned() } else { format!("no: {}", refused[0].message) };
        table.push(vec![node.name.clone(), node.file.clone(), result]);
        problems.extend(refused);
    }
    table.print(session.options.format)?;
    verdict(problems, mistakes, "mistake", "every file runs on DuckDB and on Spark")
}
