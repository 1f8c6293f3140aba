//! What a run has to build, and why: the fingerprint that each partition should have, beside the one it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;

use super::ledger::{self, DATA_UNTIL, Entry, Ledger};
use crate::catalog::{Catalog, Node};
use crate::fingerprint;
use crate::ingest::Loads;
use crate::problem::{Place, Problem};
use crate::template::Rendered;

/// Why a partition is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    New,
    Forced,
    /// Its own SQL or checks.
    Changed,
    /// Other inputs: sources that were loaded again, tables that are rebuilt.
    Inputs(Vec<String>),
    /// Its rows are where this engine does not read them.
    Elsewhere,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => write!(f, "new"),
            Self::Forced => write!(f, "--force"),
            Self::Changed => write!(f, "its SQL changed"),
            Self::Elsewhere => write!(f, "made by another engine"),
            Self::Inputs(names) => {
                let sources: Vec<&str> = names.iter().filter_map(|name| ledger::source(name)).collect();
                let tables: Vec<&String> = names
                    .iter()
                    .filter(|name| ledger::source(name).is_none() && *name != DATA_UNTIL)
                    .collect();
                match (tables.first(), sources.first()) {
                    (Some(table), _) => write!(f, "{table} changed")?,
                    (None, Some(source)) => write!(f, "sources.{source} changed")?,
                    (None, None) => write!(f, "more labels are known")?,
                }
                let all = if tables.is_empty() { sources.len() } else { tables.len() };
                if all > 1 { write!(f, ", and {} more", all - 1) } else { Ok(()) }
            }
        }
    }
}

/// One partition to be built.
#[derive(Debug, Clone)]
pub struct Task {
    pub table: String,
    pub date: NaiveDate,
    pub rendered: Arc<Rendered>,
    pub fingerprint: String,
    pub inputs: BTreeMap<String, String>,
    pub reason: Reason,
    /// Rows of the last dates, as they were before the run.
    pub usual_rows: Option<f64>,
}

/// Of tables by date.
pub type Fingerprints = BTreeMap<(String, NaiveDate), String>;

/// All partitions of a run, in an order in which they could be built one by one.
#[derive(Debug, Default)]
pub struct Plan {
    pub tasks: Vec<Task>,
    /// Those that are built and unchanged.
    pub unchanged: usize,
    /// The fingerprint that each partition has after the run.
    pub fingerprints: Fingerprints,
    /// As the fingerprints, whatever labels are known: of what scores are computed from.
    pub visible: Fingerprints,
    /// See `Basis`.
    pub settled_until: NaiveDate,
    pub force: bool,
}

/// What decides a plan besides the files.
pub struct Basis<'a> {
    pub ledger: &'a Ledger,
    pub loads: &'a Loads,
    /// Labels known on a later day are hidden.
    pub settled_until: NaiveDate,
    /// What has too few rows is told, and replaced all the same.
    pub force: bool,
    /// Whether a partition is where it is needed.
    pub holds: &'a (dyn Fn(&str, &Entry) -> bool + Sync),
}

/// Partitions whose rows are in the database.
pub fn here(_table: &str, entry: &Entry) -> bool {
    entry.is_here
}

/// Partitions, whatever engine made them.
pub fn anywhere(_table: &str, _entry: &Entry) -> bool {
    true
}

impl Basis<'_> {
    /// The version of a source that a partition is made of: that which `entry` was made of, as long as the source shows the
    /// same before `date`, else the present one.
    fn version(&self, source: &str, entry: Option<&Entry>, input: &str, date: Option<NaiveDate>) -> String {
        let before = entry.and_then(|entry| entry.inputs.get(input));
        match before.filter(|version| self.loads.is_same(source, version, date)) {
            Some(version) => version.clone(),
            None => self.loads.current(source).unwrap_or_default().to_owned(),
        }
    }

    /// The day until which labels are seen: that of `entry`, where all its labels were known on it.
    fn labels_seen(&self, entry: Option<&Entry>) -> NaiveDate {
        let day = |entry: &Entry| {
            let seen: NaiveDate = entry.inputs.get(DATA_UNTIL)?.parse().ok()?;
            (entry.labels_until? <= seen.min(self.settled_until)).then_some(seen)
        };
        entry.and_then(day).unwrap_or(self.settled_until)
    }
}

impl Plan {
    /// Plans `tables` (names of feature stores and ABTs, with all they need) at `dates`.
    pub fn make(
        catalog: &Catalog,
        tables: &BTreeSet<String>,
        dates: &[NaiveDate],
        basis: &Basis<'_>,
    ) -> Result<Self> {
        let Basis { settled_until, force, .. } = *basis;
        let mut plan = Self { settled_until, force, ..Self::default() };
        for &date in dates {
            for name in catalog.order.iter().filter(|name| tables.contains(*name)) {
                if let Some(node) = catalog.tables.get(name) {
                    let rendered = catalog.render(name, date)?;
                    if let Some(problem) = missing_source(catalog, &rendered, basis) {
                        return Err(problem.on(date).into());
                    }
                    plan.add(node, rendered, date, basis);
                }
            }
        }
        Ok(plan)
    }

    fn add(&mut self, node: &Node, rendered: Arc<Rendered>, date: NaiveDate, basis: &Basis<'_>) {
        let name = node.name.as_str();
        let config = serde_json::to_string(&rendered.config).unwrap_or_default();
        let sql = fingerprint::of(&[&rendered.normal, &config]);
        let mut inputs = BTreeMap::from([("sql".to_owned(), sql)]);
        let entry = basis.ledger.get(name, date);
        for source in &rendered.sources {
            let input = format!("sources.{source}");
            inputs.insert(input.clone(), basis.version(source, entry, &input, Some(date)));
        }
        let labels_until = entry.and_then(|entry| entry.labels_until);
        for source in &rendered.outcomes {
            let input = format!("outcome.{source}");
            inputs.insert(input.clone(), basis.version(source, entry, &input, labels_until));
        }
        for table in &rendered.refs {
            let below = self.fingerprints.get(&(table.clone(), date)).cloned().unwrap_or_default();
            inputs.insert(table.clone(), below);
        }
        if node.spec.label.is_some() {
            inputs.insert(DATA_UNTIL.to_owned(), basis.labels_seen(entry).to_string());
        }
        let fingerprint = fingerprint::of_named(&inputs);
        self.fingerprints.insert((name.to_owned(), date), fingerprint.clone());
        let mut visible = inputs.clone();
        visible.retain(|input, _| !ledger::is_of_label(input));
        self.visible.insert((name.to_owned(), date), fingerprint::of_named(&visible));
        let is_elsewhere = entry.is_some_and(|entry| !(basis.holds)(name, entry));
        let elsewhere = is_elsewhere.then_some(Reason::Elsewhere);
        match reason(&fingerprint, &inputs, entry, basis.force).or(elsewhere) {
            None => self.unchanged += 1,
            Some(reason) => {
                let usual_rows = basis.ledger.usual_rows(name, Bound::Included(date));
                let table = name.to_owned();
                self.tasks.push(Task { table, date, rendered, fingerprint, inputs, reason, usual_rows });
            }
        }
    }

    /// Each table that is built, with its reason and number of dates, for the user.
    pub fn reasons(&self) -> Vec<(String, String, usize)> {
        let mut lines: Vec<(String, String, usize)> = Vec::new();
        for task in &self.tasks {
            let reason = task.reason.to_string();
            match lines.iter_mut().find(|(table, why, _)| *table == task.table && *why == reason) {
                Some((_, _, dates)) => *dates += 1,
                None => lines.push((task.table.clone(), reason, 1)),
            }
        }
        lines
    }
}

/// Why a partition of these `inputs` is not the one that `entry` tells of; `None` where it is.
pub fn why(inputs: &BTreeMap<String, String>, entry: Option<&Entry>) -> Option<String> {
    reason(&fingerprint::of_named(inputs), inputs, entry, false).map(|reason| reason.to_string())
}

fn reason(
    fingerprint: &str,
    inputs: &BTreeMap<String, String>,
    entry: Option<&Entry>,
    force: bool,
) -> Option<Reason> {
    let Some(entry) = entry else {
        return Some(Reason::New);
    };
    if entry.fingerprint == fingerprint {
        return force.then_some(Reason::Forced);
    }
    if entry.inputs.get("sql") != inputs.get("sql") {
        return Some(Reason::Changed);
    }
    let changed = inputs.iter().filter(|(name, value)| entry.inputs.get(*name) != Some(value));
    Some(Reason::Inputs(changed.map(|(name, _)| name.clone()).collect()))
}

/// A source that is read and not loaded.
fn missing_source(catalog: &Catalog, rendered: &Rendered, basis: &Basis<'_>) -> Option<Problem> {
    let mut all = rendered.sources.union(&rendered.outcomes);
    let missing = all.find(|source| basis.loads.current(source).is_none())?;
    let function = if rendered.sources.contains(missing) { "source" } else { "outcome" };
    let source = catalog.templates.source(&rendered.file);
    Some(
        Problem::data(format!("the source `{missing}` is not loaded"))
            .at(Place::of_call(&rendered.file, source, function, missing))
            .hint("its file was missing when the sources were loaded: add it and run `olist ingest` again"),
    )
}
