//! `olist check`: what every file has to hold, and the proof that none of them has seen the future.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use chrono::{Datelike, Days, NaiveDate};
use rayon::prelude::*;

use super::Session;
use crate::audit;
use crate::catalog::Catalog;
use crate::cli::Check;
use crate::dates;
use crate::guard::{self, Functions};
use crate::ingest::{self, source_file};
use crate::output::Table;
use crate::problem::Problem;
use crate::proof::{Proof, Proven};
use crate::run::Loaded;
use crate::template::Templates;
use crate::term::{self, Progress};
use crate::warehouse::{Engine, Warehouse};

/// Days before the last date at which the proof is made, where none is given: there has to be a future to see.
const BEFORE: [u64; 3] = [270, 150, 60];

pub fn check(session: &Session, args: &Check) -> Result<()> {
    let warehouse = session.open_whole()?;
    let path = session.database();
    let loaded = Loaded::read(&warehouse)?;
    let dates = if args.ranges.is_empty() {
        default_dates(loaded.last_date())
    } else {
        dates::expand(&args.ranges, args.every)
    };
    loaded.check(dates[dates.len() - 1])?;
    let mut catalog = session.catalog_of_the_rest(dates[0])?;
    let selected = catalog.select(&args.select)?;
    let specs = ingest::specs(session.project()?, &catalog.templates)?;
    let edited = ingest::edited(&warehouse, session.project()?, &catalog.templates)?;
    let definitions = audit::definitions(&warehouse, "warehouse")?;
    let mut report = Report::new();
    let mistakes = std::mem::take(&mut catalog.mistakes);
    if let Some(older) = &args.against {
        report.problems.extend(audit::loads(&warehouse, &catalog, &specs, older)?);
    }
    let last = dates[dates.len() - 1];
    for name in &edited {
        let place = catalog.templates.place(&source_file(name), "config");
        let what = format!("{} was edited after it was loaded", source_file(name));
        let hint = "`olist ingest` puts the edit into effect; what is checked here is what was loaded";
        report.problems.push(Problem::data(what).at(place).hint(hint));
    }
    let functions = Functions::read(&warehouse)?;
    let sealed = catalog.templates.sealed(&guard::seal(&session.run_id));
    for name in specs.keys() {
        report.problems.extend(guard::reach_of_source(&warehouse, &sealed, &functions, &source_file(name))?);
    }
    let checker = Checker {
        catalog: &catalog,
        is_proof_only: args.future,
        functions,
        sealed,
        definitions: &definitions,
        order: catalog.order.iter().filter(|name| selected.contains(*name)).collect(),
        progress: Progress::new(dates.len() * selected.len(), "checking"),
    };
    // Each date in a DuckDB of its own, with the cores shared between them; few dates all at once, so that none is left over.
    let side_by_side = if dates.len() <= 2 * session.cores() { dates.len() } else { session.cores() };
    let engine = Engine { threads: Some((session.cores() / side_by_side).max(1)), ..session.engine.clone() };
    let work = |date: &NaiveDate| {
        let warehouse = Warehouse::open_read_only(path, &engine)?;
        checker.date(&warehouse, *date)
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(side_by_side).build()?;
    // The sources beside the tables: each leaves a core idle now and then.
    let (audited, reports) = std::thread::scope(|scope| {
        let (catalog, specs, definitions) = (&catalog, &specs, &definitions);
        let audit = scope.spawn(move || audit::sources(&warehouse, catalog, specs, definitions, last));
        let reports: Result<Vec<Report>> = pool.install(|| dates.par_iter().map(work).collect());
        (audit.join().unwrap_or_else(|_| Err(anyhow!("the audit ended by itself"))), reports)
    });
    report.problems.extend(audited?);
    reports?.into_iter().for_each(|other| report.join(other));
    drop(checker);
    // Files that could not be read at all are no finding about the data.
    let is_unread = report.problems.is_empty();
    report.problems.extend(mistakes);
    report.end(session, is_unread)
}

/// The first of a month, three times, with months of data behind each.
fn default_dates(last: NaiveDate) -> Vec<NaiveDate> {
    let first_of_month = |days| last.checked_sub_days(Days::new(days)).and_then(|date| date.with_day(1));
    BEFORE.into_iter().filter_map(first_of_month).collect()
}

/// What all dates share.
struct Checker<'a> {
    catalog: &'a Catalog,
    /// Only the proof: no columns, keys and checks.
    is_proof_only: bool,
    functions: Functions,
    sealed: Templates,
    /// Of the sources' as-of relations.
    definitions: &'a BTreeMap<String, String>,
    /// The tables, each after what it needs.
    order: Vec<&'a String>,
    progress: Progress,
}

/// What was found.
struct Report {
    problems: Vec<Problem>,
    warnings: BTreeSet<String>,
    table: Table,
}

impl Report {
    fn new() -> Self {
        let table = Table::new(&["table", "reference_date", "rows", "columns", "result"]);
        Self { problems: Vec::new(), warnings: BTreeSet::new(), table }
    }

    fn join(&mut self, other: Self) {
        other.problems.into_iter().for_each(|problem| self.find(problem));
        self.warnings.extend(other.warnings);
        self.table.append(other.table);
    }

    /// The same mistake is told once, not at every date.
    fn find(&mut self, problem: Problem) {
        let is_known = |other: &Problem| {
            other.place == problem.place
                && (other.message == problem.message
                    || problem.place.as_ref().is_some_and(|place| place.column > 0))
        };
        if !self.problems.iter().any(is_known) {
            self.problems.push(problem);
        }
    }

    fn end(self, session: &Session, is_unread: bool) -> Result<()> {
        self.table.print(session.options.format)?;
        self.warnings.iter().for_each(|warning| term::warn(warning));
        for problem in &self.problems {
            term::error(&problem.to_string());
        }
        if self.problems.is_empty() {
            term::note(
                "no future was seen: every table is the same with and without what became known later",
            );
            return Ok(());
        }
        let what = format!("{} found, see above", term::counted(self.problems.len(), "mistake"));
        Err(if is_unread { Problem::usage(what) } else { Problem::data(what) }.into())
    }
}

impl Checker<'_> {
    /// Everything at one date.
    fn date(&self, warehouse: &Warehouse, date: NaiveDate) -> Result<Report> {
        let mut report = Report::new();
        let mut sources = BTreeSet::new();
        for name in &self.order {
            let rendered = self.catalog.render(name, date)?;
            sources.extend(rendered.sources.iter().chain(&rendered.outcomes).cloned());
        }
        let proof = Proof::new(warehouse, self.catalog, self.definitions, &sources, date)?;
        if !sources.is_empty() && !proof.has_future()? {
            report.warnings.insert(format!(
                "nothing in the warehouse became known at or after {date}: a proof at that date proves nothing; take an earlier --date"
            ));
        }
        let mut broken: BTreeSet<String> = BTreeSet::new();
        for &name in &self.order {
            self.progress.working_on(name);
            let refs = self.catalog.render(name, date)?.refs.clone();
            let found = guard::reach(warehouse, self.catalog, &self.sealed, &self.functions, name, date)?;
            let (proven, result) = if let Some(needed) = refs.iter().find(|table| broken.contains(*table)) {
                (None, format!("not proven: {needed}"))
            } else if found.is_empty() {
                match self.prove(&proof, name) {
                    Ok(proven) => {
                        let result = if proven.problems.is_empty() { "no future" } else { "failed" };
                        (Some(proven), result.to_owned())
                    }
                    Err(error) => {
                        report.find(error.downcast::<Problem>()?);
                        (None, "failed".to_owned())
                    }
                }
            } else {
                (None, "failed".to_owned())
            };
            if proven.is_none() {
                broken.insert(name.clone());
            }
            for problem in found {
                report.find(problem);
            }
            let (rows, columns) = proven.as_ref().map_or((0, 0), |proven| (proven.rows, proven.columns));
            report.table.push(vec![
                name.clone(),
                date.to_string(),
                rows.to_string(),
                columns.to_string(),
                result,
            ]);
            if let Some(proven) = proven {
                proven.problems.into_iter().for_each(|problem| report.find(problem));
                report.warnings.extend(proven.warnings);
            }
            self.progress.step();
        }
        Ok(report)
    }

    fn prove(&self, proof: &Proof<'_>, name: &str) -> Result<Proven> {
        match self.catalog.tables.get(name) {
            Some(node) => proof.table(node, !self.is_proof_only),
            None => proof.model(self.catalog.model(name.trim_start_matches("scores."))?),
        }
    }
}
