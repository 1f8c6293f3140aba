//! The steps of a run over one warehouse: build partitions, train, score; and the line of the run in `pipeline.runs`.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model};
use crate::config::Task;
use crate::guard::Guard;
use crate::partitions::texts::{self, Texts};
use crate::partitions::{self, Basis, Context, Ledger, Plan, columns};
use crate::registry::Version;
use crate::run::{Loaded, Session};
use crate::score::{self, Job, Outcome};
use crate::segment;
use crate::term;
use crate::train::{self, TooEarly, Training};
use crate::warehouse::Warehouse;

/// A run in progress.
pub struct Pipeline<'a> {
    session: &'a Session,
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    loaded: &'a Loaded,
    ledger: Ledger,
    force: bool,
    fingerprints: BTreeMap<(String, NaiveDate), String>,
    guard: OnceCell<Guard>,
    began: bool,
    is_described: Cell<bool>,
    is_finished: Cell<bool>,
    /// Partitions built.
    pub built: usize,
    /// Partitions that were built before and did not change.
    pub unchanged: usize,
}

impl<'a> Pipeline<'a> {
    pub fn new(
        session: &'a Session,
        warehouse: &'a Warehouse,
        catalog: &'a Catalog,
        loaded: &'a Loaded,
        force: bool,
    ) -> Result<Self> {
        Ok(Self {
            session,
            warehouse,
            catalog,
            loaded,
            ledger: Ledger::read(warehouse)?,
            force,
            fingerprints: BTreeMap::new(),
            guard: OnceCell::new(),
            began: false,
            is_described: Cell::new(false),
            is_finished: Cell::new(false),
            built: 0,
            unchanged: 0,
        })
    }

    /// Builds `tables` at those of `dates` that this run has not seen yet.
    pub fn build(&mut self, tables: &BTreeSet<String>, dates: &[NaiveDate]) -> Result<()> {
        let basis = Basis {
            ledger: &self.ledger,
            versions: &self.loaded.versions,
            data_until: self.loaded.data_until,
            force: self.force,
        };
        let is_new = |date: &NaiveDate| {
            !tables.iter().all(|table| self.fingerprints.contains_key(&(table.clone(), *date)))
        };
        let open: Vec<NaiveDate> = dates.iter().copied().filter(is_new).collect();
        let plan = Plan::make(self.catalog, tables, &open, &basis)?;
        self.unchanged += plan.unchanged;
        self.fingerprints.extend(plan.fingerprints.clone());
        if plan.tasks.is_empty() {
            return self.describe(dates);
        }
        self.begin()?;
        let started = Instant::now();
        for (table, reason, dates) in plan.reasons() {
            term::note(&format!("  {table:<28} {:>9}  {reason}", term::counted(dates, "date")));
        }
        let context = Context {
            run_id: &self.session.run_id,
            data_until: self.loaded.data_until,
            force: self.force,
            guard: self.guard()?,
        };
        let mut built =
            partitions::build(self.warehouse, self.catalog, &plan, &context, self.session.cores())?;
        if let Some(&date) = open.first() {
            let mut texts = Texts::new(self.warehouse, self.catalog, "warehouse", date);
            for change in &built.changes {
                let node = &self.catalog.tables[&change.table];
                let silent =
                    columns::undocumented(self.catalog, node, texts.of(&change.table)?.as_ref(), date)?;
                built.warnings.extend(silent);
            }
        }
        if !built.changes.is_empty() {
            self.is_described.set(false);
        }
        self.describe(dates)?;
        partitions::report(&built);
        self.built += built.partitions;
        term::note(&format!(
            "built {}, {}, in {:.1} s",
            term::counted(built.partitions, "partition"),
            term::counted(usize::try_from(built.rows)?, "row"),
            started.elapsed().as_secs_f64()
        ));
        self.ledger = Ledger::read(self.warehouse)?;
        Ok(())
    }

    /// Puts the texts of the files on the tables: once a run, and again where columns changed. A text may change while
    /// nothing else does.
    fn describe(&self, dates: &[NaiveDate]) -> Result<()> {
        match dates.first() {
            Some(&date) if !self.is_described.replace(true) => {
                texts::publish(self.warehouse, self.catalog, date)
            }
            _ => Ok(()),
        }
    }

    /// Builds what `model` is trained on, and trains it.
    pub fn train(
        &mut self,
        model: &Model,
        as_of: NaiveDate,
        why: &str,
    ) -> Result<Result<Training, TooEarly>> {
        let dates = model.spec.snapshots(as_of);
        if dates.is_empty() {
            return Ok(Err(TooEarly(format!("its snapshots begin on {}", model.spec.from))));
        }
        self.build(&self.catalog.upstream(&model.table()), &dates)?;
        self.guard()?.clear(self.warehouse, self.catalog, &model.table(), as_of)?;
        self.begin()?;
        let (warehouse, catalog, run_id) = (self.warehouse, self.catalog, &self.session.run_id);
        let trained = match &model.spec.task {
            Task::Binary(binary) => train::train(warehouse, catalog, model, binary, as_of, why, run_id),
            Task::Clusters(clusters) => {
                segment::train(warehouse, catalog, model, clusters, as_of, why, run_id)
            }
        }?;
        if let Ok(training) = &trained {
            texts::of_inputs(warehouse, catalog, model, as_of, training.version.number)?;
        }
        Ok(trained)
    }

    /// Scores one date.
    pub fn score(&mut self, model: &Model, version: &Version, date: NaiveDate) -> Result<Outcome> {
        self.build(&self.catalog.upstream(&model.table()), &[date])?;
        let inputs = score::inputs(self.catalog, model, version, date, &self.fingerprints)?;
        let job = Job {
            warehouse: self.warehouse,
            catalog: self.catalog,
            model,
            version,
            date,
            inputs: &inputs,
            run_id: &self.session.run_id,
            force: self.force,
        };
        if !self.force && job.is_unchanged(&self.ledger) {
            return Ok(Outcome::Unchanged);
        }
        self.guard()?.clear(self.warehouse, self.catalog, &model.table(), date)?;
        self.begin()?;
        job.score()
    }

    fn guard(&self) -> Result<&Guard> {
        if let Some(guard) = self.guard.get() {
            return Ok(guard);
        }
        let guard = Guard::new(self.warehouse, self.catalog, &self.session.run_id)?;
        Ok(self.guard.get_or_init(|| guard))
    }

    fn begin(&mut self) -> Result<()> {
        if !self.began {
            let command: Vec<String> = std::env::args().skip(1).collect();
            // Nobody else can have the file open: such a run was killed.
            self.warehouse
                .execute("update pipeline.runs set outcome = 'killed' where outcome = 'running'", &[])?;
            self.warehouse.execute(
                "insert into pipeline.runs values (?, ?, ?, now()::timestamp, null, 'running')",
                &[&self.session.run_id, &command.join(" "), &env!("CARGO_PKG_VERSION")],
            )?;
            self.began = true;
        }
        Ok(())
    }

    /// Closes the line of the run.
    pub fn finish(&self) -> Result<()> {
        self.close("done")
    }

    fn close(&self, outcome: &str) -> Result<()> {
        if self.began && !self.is_finished.replace(true) {
            self.warehouse.execute(
                "update pipeline.runs set finished_at = now()::timestamp, outcome = ? where run_id = ?",
                &[&outcome, &self.session.run_id],
            )?;
        }
        Ok(())
    }
}

impl Drop for Pipeline<'_> {
    /// A run that was not finished has failed; its error is told elsewhere.
    fn drop(&mut self) {
        let _ = self.close("failed");
    }
}

/// Tells what a training found: the metric of every candidate at every snapshot, and the champion.
pub fn note_training(model: &Model, as_of: NaiveDate, training: &Training) {
    term::note(&format!("{}: trained as of {as_of} in {:.1} s", model.name, training.seconds));
    if !term::is_quiet() {
        for line in training.table.text().lines() {
            term::note(&format!("  {line}"));
        }
    }
    term::note(&format!("{}: version {}, {}", model.name, training.version.number, training.reason));
}
