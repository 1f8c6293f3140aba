//! Scoring in a run: a date's partition is replaced together with its line in the ledger, behind a wall.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;

use super::Run;
use super::earlier::Files;
use crate::catalog::Model;
use crate::config::Task;
use crate::dataset::{Snapshot, Workspace};
use crate::drift;
use crate::earlier::Earlier;
use crate::fingerprint;
use crate::loss;
use crate::mlflow::Message;
use crate::partitions::{self, Cause, Entry};
use crate::problem::Problem;
use crate::registry::{self, Version};
use crate::score::{self, Scores};
use crate::segment;
use crate::term;

/// What scoring one date did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scored {
    Unchanged,
    /// So many rows were written.
    Written(i64),
    /// What it is computed from could not be built, or this failed itself.
    Skipped,
}

impl<'a> Run<'a> {
    /// Scores one date, by the files of the version. What fails is kept for the end.
    pub fn score(&mut self, model: &'a Model, version: &Version, date: NaiveDate) -> Result<Scored> {
        let mut files = self.files(model, version)?;
        let scored = match &mut files {
            Files::Own(earlier) => self.score_by(earlier, version, date),
            Files::Present | Files::Lost(_) => {
                self.build(&self.catalog.upstream(&model.table()), &[date])?;
                if let Some((table, date)) = self.lacks(model, &[date]) {
                    self.unbuilt.add(&model.table(), date, Cause::Needs(table));
                }
                if self.unbuilt.has(&model.table(), date) {
                    return Ok(Scored::Skipped);
                }
                self.score_built(model, version, date)
            }
        };
        self.give_back(files, version);
        Ok(self.attempt(&model.table(), date, scored)?.unwrap_or(Scored::Skipped))
    }

    fn score_built(&mut self, model: &'a Model, version: &Version, date: NaiveDate) -> Result<Scored> {
        let at = self.workspace(model);
        let snapshot = at.snapshot(date)?;
        let made_of = score::made_of(&model.spec.task, &self.visible, &self.fingerprints);
        let inputs = score::inputs(&snapshot, version, made_of);
        if self.is_scored(&model.table(), date, &inputs) {
            return Ok(Scored::Unchanged);
        }
        self.clear(model, date)?;
        self.write(at, version, &snapshot, &inputs)
    }

    fn score_by(&mut self, earlier: &mut Earlier, version: &Version, date: NaiveDate) -> Result<Scored> {
        earlier.plan(self.means(), &[date])?;
        let snapshot = earlier.snapshot(date)?;
        let made_of = score::made_of(&earlier.model()?.spec.task, &earlier.visible, &earlier.fingerprints);
        let inputs = score::inputs(&snapshot, version, made_of);
        if self.is_scored(&earlier.model()?.table(), date, &inputs) {
            return Ok(Scored::Unchanged);
        }
        earlier.build(self.means(), &[date])?;
        self.write(earlier.at(self.warehouse)?, version, &snapshot, &inputs)
    }

    fn is_scored(&self, table: &str, date: NaiveDate, inputs: &BTreeMap<String, String>) -> bool {
        let entry = self.ledger.get(table, date);
        !self.options.force && entry.is_some_and(|entry| entry.fingerprint == fingerprint::of_named(inputs))
    }

    fn write(
        &mut self,
        at: Workspace<'_>,
        version: &Version,
        snapshot: &Snapshot,
        inputs: &BTreeMap<String, String>,
    ) -> Result<Scored> {
        self.begin()?;
        let (table, date, run_id) = (&at.model.table(), snapshot.date, &self.options.id);
        let (limit, before) = (self.options.time_limit, self.ledger.get(table, date));
        let replaced = before.and_then(|before| score::changed(&before.inputs, inputs));
        partitions::in_time(self.warehouse, at.catalog, &snapshot.select, limit, || {
            let started = Instant::now();
            let scores = match &at.model.spec.task {
                Task::Binary(_) => score::probabilities(at, version, snapshot)?,
                Task::Clusters(_) => segment::assign(at, version, snapshot)?,
            };
            self.stop_at_wall(at, version, date, &scores)?;
            self.warehouse.transaction(|| {
                let write = || scores.write(at, version, date);
                let rows = match &replaced {
                    Some(why) => score::replace_delivery(self.warehouse, table, date, why, write)?,
                    None => write()?,
                };
                if let Task::Clusters(clusters) = &at.model.spec.task {
                    segment::write_profile(at, clusters, version, snapshot, &scores.data)?;
                }
                self.keep_drift(at, version, date, &scores)?;
                let seconds = started.elapsed().as_secs_f64();
                let message = Message::Scores { metrics: scores.summarize(at, date)?, seconds };
                message.post(self.warehouse, version, Some(date), run_id)?;
                partitions::forget(self.warehouse, table, date)?;
                let entry = Entry {
                    rows,
                    fingerprint: fingerprint::of_named(inputs),
                    inputs: inputs.clone(),
                    labels_until: None,
                    duration_ms: seconds * 1000.0,
                    lake: None,
                    is_here: true,
                };
                entry.write(self.warehouse, table, date, run_id)?;
                Ok(Scored::Written(rows))
            })
        })
    }

    /// Puts down how far inputs and scores have moved, in the transaction of the date.
    fn keep_drift(
        &self,
        at: Workspace<'_>,
        version: &Version,
        date: NaiveDate,
        scores: &Scores,
    ) -> Result<()> {
        let known = registry::profiles(self.warehouse, &version.model, version.number)?;
        let mut lines: Vec<(&str, f64, Option<f64>)> = drift::of_inputs(&known, &scores.data.matrix)
            .map(|(input, _, psi)| (input.name.as_str(), psi, Some(input.usual_psi)))
            .collect();
        if matches!(at.model.spec.task, Task::Binary(_)) {
            let table = at.model.table();
            let sql = format!(
                "select score from {table}
                 where reference_date = (select max(reference_date) from {table} where reference_date < ?)"
            );
            let before: Vec<f64> = self.warehouse.rows(&sql, &[&date], |row| row.get(0))?;
            let edges = drift::edges(&before);
            let psi = drift::psi(&drift::shares(&before, &edges), &drift::shares(&scores.values, &edges));
            lines.extend((!before.is_empty()).then_some(("score", psi, None)));
        }
        let sql = "delete from registry.drift where model = ? and reference_date = ?";
        self.warehouse.execute(sql, &[&version.model, &date])?;
        for (input, psi, usual) in lines {
            self.warehouse.execute(
                "insert into registry.drift values (?, ?, ?, now()::timestamp, ?, ?, ?)",
                &[&version.model, &date, &version.number, &input, &psi, &usual],
            )?;
        }
        Ok(())
    }

    /// Refuses what is not like what the version was trained on.
    fn stop_at_wall(
        &self,
        at: Workspace<'_>,
        version: &Version,
        date: NaiveDate,
        scores: &Scores,
    ) -> Result<()> {
        let (name, number) = (&version.model, version.number);
        let known = registry::profiles(self.warehouse, name, number)?;
        let is_forecast = !version.is_back_cast(date);
        let drift = drift::complaints(&known, &scores.data.matrix, &scores.values, is_forecast);
        let tables = at.model.refs.iter();
        let complaints: Vec<String> =
            tables.filter_map(|table| self.lost_rows(table, date)).chain(drift).collect();
        if complaints.is_empty() {
            return Ok(());
        }
        let what = format!("version {number} of `{name}` does not score {date}: {}", complaints.join("; "));
        if self.options.force {
            term::warn(&format!("{what}; scored all the same, because of --force"));
            return Ok(());
        }
        let tables = at.model.refs.iter().cloned().collect::<Vec<_>>().join(", ");
        Err(Problem::data(what)
            .hint(format!(
                "look at {tables} at that date; the earlier scores stay. \
                 If it is right, `olist score {name} --date {date} --force` scores it"
            ))
            .into())
    }

    /// Whether a partition has a tenth of the rows that the last dates had, or fewer.
    fn lost_rows(&self, table: &str, date: NaiveDate) -> Option<String> {
        let rows = self.ledger.get(table, date)?.rows;
        let usual = self.ledger.usual_rows(table, Bound::Excluded(date))?;
        loss::is_most(rows, usual)
            .then(|| format!("{table} has {rows} rows, where the last dates had {usual:.0}"))
    }
}
