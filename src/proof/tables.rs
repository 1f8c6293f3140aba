//! All selected tables at one date: what they reach, and whether they are proven.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::NaiveDate;

use super::{Proof, Proven};
use crate::catalog::Catalog;
use crate::guard::Reach;
use crate::problem::Problem;
use crate::term::Progress;
use crate::warehouse::Warehouse;

/// What all dates share.
pub struct Tables<'a> {
    pub catalog: &'a Catalog,
    /// Only the proof: no columns, keys and checks.
    pub is_proof_only: bool,
    pub reach: Reach,
    /// Of the sources' as-of relations.
    pub definitions: &'a BTreeMap<String, String>,
    /// The tables, each after what it needs.
    pub order: Vec<&'a String>,
    pub progress: Progress,
}

/// One table at one date.
pub struct Row {
    pub table: String,
    pub date: NaiveDate,
    pub rows: i64,
    pub columns: usize,
    pub result: String,
    /// All sources that it is made of, through other tables as well.
    pub sources: BTreeSet<String>,
}

impl Row {
    pub const PROVEN: &'static str = "no future";
    const FAILED: &'static str = "failed";
}

/// What was found.
#[derive(Default)]
pub struct Report {
    pub problems: Vec<Problem>,
    pub warnings: BTreeSet<String>,
    pub rows: Vec<Row>,
}

impl Report {
    pub fn join(&mut self, other: Self) {
        other.problems.into_iter().for_each(|problem| self.find(problem));
        self.warnings.extend(other.warnings);
        self.rows.extend(other.rows);
    }

    /// The same mistake is told once, not at every date.
    pub fn find(&mut self, problem: Problem) {
        let is_known = |other: &Problem| {
            other.place == problem.place
                && (other.message == problem.message
                    || problem.place.as_ref().is_some_and(|place| place.column > 0))
        };
        if !self.problems.iter().any(is_known) {
            self.problems.push(problem);
        }
    }
}

impl Tables<'_> {
    pub fn at(&self, warehouse: &Warehouse, date: NaiveDate) -> Result<Report> {
        let mut report = Report::default();
        let mut sources: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for name in &self.order {
            let rendered = self.catalog.render(name, date)?;
            let below = rendered.refs.iter().filter_map(|table| sources.get(table.as_str())).flatten();
            let all = below.chain(&rendered.sources).chain(&rendered.outcomes).cloned().collect();
            sources.insert(name.as_str(), all);
        }
        let all = sources.values().flatten().cloned().collect();
        let proof = Proof::new(warehouse, self.catalog, self.definitions, &all, date)?;
        if !all.is_empty() && !proof.has_future()? {
            report.warnings.insert(format!(
                "nothing in the warehouse became known at or after {date}: a proof at that date proves nothing; take an earlier --date"
            ));
        }
        let mut broken = BTreeSet::new();
        for name in self.order.iter().map(|name| name.as_str()) {
            self.progress.working_on(name);
            let refs = self.catalog.render(name, date)?.refs.clone();
            let needed = refs.into_iter().find(|table| broken.contains(table));
            let proven = self.table(&proof, name, needed.is_some())?;
            let is_proven = proven.as_ref().is_ok_and(|proven| proven.problems.is_empty());
            let result = match needed {
                Some(needed) => format!("not proven: {needed}"),
                None => if is_proven { Row::PROVEN } else { Row::FAILED }.to_owned(),
            };
            let Proven { rows, columns, problems, warnings } = proven.unwrap_or_else(|problems| {
                broken.insert(name.to_owned());
                Proven { problems, ..Proven::default() }
            });
            let sources = sources.remove(name).unwrap_or_default();
            report.rows.push(Row { table: name.to_owned(), date, rows, columns, result, sources });
            for problem in problems {
                report.find(problem);
            }
            report.warnings.extend(warnings);
            self.progress.step();
        }
        Ok(report)
    }

    /// What was compared of a table, or what keeps it from being built.
    fn table(&self, proof: &Proof<'_>, name: &str, is_blocked: bool) -> Result<Result<Proven, Vec<Problem>>> {
        let found = self.reach.table(self.catalog, name, proof.date)?;
        if is_blocked || !found.is_empty() {
            return Ok(Err(found));
        }
        let proven = match self.catalog.tables.get(name) {
            Some(node) => proof.table(node, !self.is_proof_only),
            None => proof.model(self.catalog.model(name.trim_start_matches("scores."))?),
        };
        match proven {
            Ok(proven) => Ok(Ok(proven)),
            Err(error) => Ok(Err(vec![error.downcast::<Problem>()?])),
        }
    }
}
