//! The end of a run: what came of earlier lists, views of the reports, what failed, and what is to be told.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use super::Run;
use crate::catalog::Model;
use crate::config::Task;
use crate::dates;
use crate::ingest;
use crate::monitor;
use crate::partitions::sorted_out;
use crate::problem::{self, Problem};
use crate::reports::{self, Refreshed};
use crate::term;

impl<'a> Run<'a> {
    /// Looks at what came of the lists of `model` whose labels are known by now, and warns where the last is not as
    /// promised. One that was delivered just now, over a past that is known, is no news.
    pub fn monitor(&self, model: &'a Model) -> Result<()> {
        let (Task::Binary(binary), true) = (&model.spec.task, self.warehouse.has_table(&model.table())?)
        else {
            return Ok(());
        };
        // What is wrong with its files is told already.
        if self.unbuilt.concerns(&model.table()) || self.unbuilt.concerns(&model.training()) {
            return Ok(());
        }
        let updated = monitor::update(self.workspace(model), self.loaded.last_date());
        if let Err(problem) = sorted_out(updated)? {
            term::warn(&format!("{}: what came of its lists cannot be computed: {problem}", model.name));
        }
        let last = monitor::last(self.warehouse, &model.name, binary.metric, &self.options.id)?;
        if let Some(complaint) = last.and_then(|last| last.complaint(&model.name)) {
            term::warn(&complaint);
        }
        Ok(())
    }

    /// Makes the views of the reports anew, and closes the line of the run.
    pub fn finish(&mut self) -> Result<()> {
        ingest::mark_synthetic(self.warehouse)?;
        self.refresh_reports()?;
        self.unbuilt.write(self.warehouse, &self.options.id)?;
        self.close(if self.unbuilt.is_empty() { "done" } else { "failed" })
    }

    /// A report with a mistake in its file has failed, as a table has.
    fn refresh_reports(&mut self) -> Result<()> {
        let last = self.loaded.last_date();
        let Refreshed { failed, left_out } = reports::refresh(self.warehouse, &self.catalog.templates, last)?;
        if !left_out.is_empty() {
            let names = left_out.join(", ");
            term::note(&format!("no views of {names}: the project does not have what they refer to"));
        }
        self.warehouse.batch("delete from pipeline.failures where table_name like 'reports.%'")?;
        for (name, error) in failed {
            self.attempt::<()>(&format!("reports.{name}"), last, Err(error))?;
        }
        Ok(())
    }

    pub fn has_failures(&self) -> bool {
        !self.unbuilt.is_empty()
    }

    /// Lists what failed and what was skipped.
    pub fn tell_unbuilt(&self) {
        self.unbuilt.tell();
    }

    /// Tells of dates that were built before the last load, and not since.
    pub fn note_older(&self, tables: &BTreeSet<String>) {
        let older = self.ledger.older(self.catalog, tables, &self.loaded.loads);
        let dates: BTreeSet<NaiveDate> = older.values().flatten().copied().collect();
        if dates.is_empty() {
            return;
        }
        let of = match older.keys().collect::<Vec<_>>()[..] {
            [table] => table.clone(),
            ref tables => term::counted(tables.len(), "table"),
        };
        term::note(&format!(
            "{} of {of} {} on older sources: {} builds again",
            term::counted(dates.len(), "other date"),
            if dates.len() == 1 { "rests" } else { "rest" },
            dates::options(&dates)
        ));
    }

    /// # Errors
    /// Something failed, or a file was edited and the model that should show it could not be trained, or a model that was
    /// `asked` for gave no scores at all. All but the last of them are told here.
    pub fn verdict(self, asked: bool) -> Result<()> {
        let mut run = self;
        let mut problems = std::mem::take(&mut run.unbuilt).into_problems();
        for (name, why) in run.unscored.iter().filter(|_| asked) {
            let place = run.catalog.templates.config_key(&run.catalog.models[name].file, "snapshots.from");
            problems.push(Problem::data(format!("there are no scores of `{name}`: {why}")).at(place));
        }
        if !run.outdated.is_empty() {
            let hint =
                "the rest of the run is done; undo the edit, or change `snapshots`, `validate` or the label";
            problems.push(Problem::data(run.outdated.join("\n")).hint(hint));
        }
        Ok(problem::end(problems)?)
    }
}
