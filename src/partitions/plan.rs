//! What a run has to build, and why: the fingerprint that each partition should have, beside the one it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;

use super::Ledger;
use crate::catalog::Catalog;
use crate::fingerprint;
use crate::problem::{Place, Problem};
use crate::sql::normal;
use crate::template::{Kind, Rendered};

/// Why a partition is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    New,
    Forced,
    /// Its own SQL or checks.
    Changed,
    /// Other inputs: sources that were loaded again, tables that are rebuilt.
    Inputs(Vec<String>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => write!(f, "new"),
            Self::Forced => write!(f, "--force"),
            Self::Changed => write!(f, "its SQL changed"),
            Self::Inputs(names) => {
                let (sources, tables): (Vec<_>, Vec<_>) =
                    names.iter().partition(|name| name.starts_with("sources."));
                if let Some(table) = tables.first() {
                    write!(f, "{table} changed")?;
                    if tables.len() > 1 {
                        write!(f, ", and {} more", tables.len() - 1)?;
                    }
                } else if !sources.is_empty() {
                    write!(f, "sources were loaded again")?;
                }
                Ok(())
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

/// All partitions of a run, in an order in which they could be built one by one.
#[derive(Debug, Default)]
pub struct Plan {
    pub tasks: Vec<Task>,
    /// Those that are built and unchanged.
    pub unchanged: usize,
    /// The fingerprint that each partition has after the run.
    pub fingerprints: BTreeMap<(String, NaiveDate), String>,
}

/// What decides a plan besides the files.
pub struct Basis<'a> {
    pub ledger: &'a Ledger,
    /// Version of every source that is loaded.
    pub versions: &'a BTreeMap<String, String>,
    /// Labels known on a later day are hidden.
    pub settled_until: NaiveDate,
    pub force: bool,
}

impl Plan {
    /// Plans `tables` (names of feature stores and ABTs, with all they need) at `dates`.
    pub fn make(
        catalog: &Catalog,
        tables: &BTreeSet<String>,
        dates: &[NaiveDate],
        basis: &Basis<'_>,
    ) -> Result<Self> {
        let mut plan = Self::default();
        for &date in dates {
            for name in catalog.order.iter().filter(|name| tables.contains(*name)) {
                if let Some(node) = catalog.tables.get(name) {
                    let rendered = catalog.render(name, date)?;
                    if let Some(problem) = missing_source(catalog, &rendered, basis) {
                        return Err(problem.on(date).into());
                    }
                    plan.add(name, node.kind, rendered, date, basis);
                }
            }
        }
        Ok(plan)
    }

    fn add(&mut self, name: &str, kind: Kind, rendered: Arc<Rendered>, date: NaiveDate, basis: &Basis<'_>) {
        let config = serde_json::to_string(&rendered.config).unwrap_or_default();
        let sql = fingerprint::of(&[&normal(&rendered.sql), &config]);
        let mut inputs = BTreeMap::from([("sql".to_owned(), sql)]);
        for source in rendered.sources.union(&rendered.outcomes) {
            inputs.insert(format!("sources.{source}"), basis.versions[source].clone());
        }
        for table in &rendered.refs {
            let below = self.fingerprints.get(&(table.clone(), date)).cloned().unwrap_or_default();
            inputs.insert(table.clone(), below);
        }
        if kind == Kind::Abt {
            inputs.insert("data until".to_owned(), basis.settled_until.to_string());
        }
        let fingerprint = fingerprint::of_named(&inputs);
        self.fingerprints.insert((name.to_owned(), date), fingerprint.clone());
        match reason(&fingerprint, &inputs, basis.ledger.get(name, date), basis.force) {
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

fn reason(
    fingerprint: &str,
    inputs: &BTreeMap<String, String>,
    entry: Option<&super::ledger::Entry>,
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
    let missing = all.find(|source| !basis.versions.contains_key(*source))?;
    let function = if rendered.sources.contains(missing) { "source" } else { "outcome" };
    let source = catalog.templates.source(&rendered.file);
    Some(
        Problem::data(format!("the source `{missing}` is not loaded"))
            .at(Place::of_call(&rendered.file, source, function, missing))
            .hint("its file was missing when the sources were loaded: add it and run `olist ingest` again"),
    )
}
