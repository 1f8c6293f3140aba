//! A run over one warehouse: builds partitions, trains, scores, and has a line in `pipeline.runs`.

mod due;
mod earlier;
mod end;
mod loaded;
mod score;
mod status;
mod train;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::NaiveDate;

pub use loaded::Loaded;
pub use score::Scored;
pub use status::{Prospect, Standing, State, Status, status};
pub use train::{Attempt, note_verdict};

use crate::catalog::{Catalog, Model};
use crate::dataset::Workspace;
use crate::earlier::Earlier;
use crate::guard::Guard;
use crate::interrupt;
use crate::partitions::lake::Lake;
use crate::partitions::texts::{self, Texts};
use crate::partitions::{
    self, Basis, Built, Cause, DuckDb, Engine, Entry, Fingerprints, Ledger, Plan, Unbuilt, columns,
    sorted_out,
};
use crate::problem::Problem;
use crate::secret;
use crate::term;
use crate::warehouse::Warehouse;

/// The outcome of a run that a signal stopped.
const INTERRUPTED: &str = "interrupted";

/// How a run is to be done.
pub struct Options {
    /// Names the run in the ledger.
    pub id: String,
    pub cores: usize,
    /// For one partition.
    pub time_limit: Option<Duration>,
    /// Builds and scores what is unchanged as well, and what looks wrong.
    pub force: bool,
    /// Edited files take over, whatever the comparison with the version that serves says.
    pub is_accepted: bool,
    /// Where features and ABTs are made, if not in the database.
    pub lake: Option<Lake>,
}

/// A run in progress.
pub struct Run<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    loaded: &'a Loaded,
    options: Options,
    ledger: Ledger,
    /// Of every partition that this run has seen; and the same, whatever labels are known.
    fingerprints: Fingerprints,
    visible: Fingerprints,
    guard: OnceCell<Guard>,
    has_begun: bool,
    is_described: bool,
    is_finished: bool,
    /// What failed, and what needs it.
    unbuilt: Unbuilt,
    /// Partitions built.
    pub built: usize,
    /// Rows that checks kept out of them.
    pub set_aside: usize,
    /// Partitions that were built before and did not change.
    pub unchanged: usize,
    /// What was scored by a model that is not of the files as they are now, and why.
    outdated: Vec<String>,
    /// Files of versions at work again, by their definition.
    earlier: BTreeMap<String, Box<Earlier>>,
    /// What is not told again.
    told: BTreeSet<String>,
    /// Models that no date was scored with, and why.
    unscored: BTreeMap<String, String>,
}

impl<'a> Run<'a> {
    pub fn new(
        warehouse: &'a Warehouse,
        catalog: &'a Catalog,
        loaded: &'a Loaded,
        options: Options,
    ) -> Result<Self> {
        Ok(Self {
            warehouse,
            catalog,
            loaded,
            options,
            ledger: Ledger::read(warehouse)?,
            fingerprints: Fingerprints::new(),
            visible: Fingerprints::new(),
            guard: OnceCell::new(),
            has_begun: false,
            is_described: false,
            is_finished: false,
            unbuilt: Unbuilt::default(),
            built: 0,
            set_aside: 0,
            unchanged: 0,
            outdated: Vec::new(),
            earlier: BTreeMap::new(),
            told: BTreeSet::new(),
            unscored: BTreeMap::new(),
        })
    }

    /// Builds `tables` at those of `dates` that this run has not seen yet. What fails is kept for the end.
    pub fn build(&mut self, tables: &BTreeSet<String>, dates: &[NaiveDate]) -> Result<()> {
        let lake = self.options.lake.as_ref();
        let holds = |table: &str, entry: &Entry| {
            lake.map_or_else(|| partitions::here(table, entry), |lake| lake.holds(self.catalog, table, entry))
        };
        let basis = Basis { holds: &holds, ..self.means().basis(&self.ledger, self.options.force) };
        let is_new =
            |date: &NaiveDate| !tables.iter().all(|table| self.visible.contains_key(&(table.clone(), *date)));
        let open: Vec<NaiveDate> = dates.iter().copied().filter(is_new).collect();
        let mut plan = Plan::make(self.catalog, tables, &open, &basis)?;
        self.unchanged += plan.unchanged;
        self.fingerprints.extend(plan.fingerprints.clone());
        self.visible.extend(plan.visible.clone());
        if plan.tasks.is_empty() {
            return self.describe(dates);
        }
        self.begin()?;
        let started = Instant::now();
        for (table, reason, dates) in plan.reasons() {
            term::note(&format!("  {table:<28} {:>9}  {reason}", term::counted(dates, "date")));
        }
        let mut unbuilt = std::mem::take(&mut self.unbuilt);
        let built = self.carry_out(&mut plan, &mut unbuilt);
        self.unbuilt = unbuilt;
        let (adopted, mut built) = built?;
        built.changes.splice(0..0, adopted.changes);
        if let (Some(&date), false) = (open.first(), built.changes.is_empty()) {
            let mut texts = Texts::new(self.warehouse, self.catalog, "warehouse", date)?;
            for change in &built.changes {
                let node = &self.catalog.tables[&change.table];
                let silent =
                    columns::undocumented(self.catalog, node, texts.of(&change.table)?.as_ref(), date)?;
                built.warnings.extend(silent);
            }
            self.is_described = false;
        }
        self.describe(dates)?;
        partitions::report(&built);
        self.built += built.partitions + adopted.partitions;
        self.set_aside += built.rows_aside();
        let planned = match adopted.partitions {
            0 => String::new(),
            count => format!(", took {} over from `olist plan`", term::counted(count, "partition")),
        };
        term::note(&format!(
            "built {}, {}{planned}, in {:.1} s",
            term::counted(built.partitions, "partition"),
            term::counted(usize::try_from(built.rows + adopted.rows)?, "row"),
            started.elapsed().as_secs_f64()
        ));
        self.ledger = Ledger::read(self.warehouse)?;
        self.warn_of_empty(&plan)
    }

    /// Takes over what `olist plan` has built, and builds the rest.
    fn carry_out(&self, plan: &mut Plan, unbuilt: &mut Unbuilt) -> Result<(Built, Built)> {
        let Options { id, cores, lake, .. } = &self.options;
        let engine = lake.as_ref().map_or(&DuckDb as &dyn Engine, |lake| lake);
        let context = self.means().context(self.guard()?, engine);
        let adopted = match lake {
            // What was tried in a copy of the database is in no lake.
            Some(_) => Built::default(),
            None => partitions::adopt(self.warehouse, plan, id)?,
        };
        let built = partitions::build(self.warehouse, self.catalog, plan, &context, *cores, unbuilt)?;
        Ok((adopted, built))
    }

    /// Tells of tables that were built and never had a row, though there are data.
    fn warn_of_empty(&self, plan: &Plan) -> Result<()> {
        let last: BTreeMap<&String, NaiveDate> =
            plan.tasks.iter().map(|task| (&task.table, task.date)).collect();
        for (table, date) in last.into_iter().filter(|(table, _)| self.ledger.is_empty(table)) {
            if self.loaded.begins_after(self.warehouse, date)?.is_none() {
                let place = self.catalog.templates.config_key(&self.catalog.tables[table].file, "");
                let problem = Problem::data(format!("`{table}` has no rows, at this date and at all others"));
                term::warn(
                    &problem.at(place).on(date).hint("is there a condition that no row meets?").to_string(),
                );
            }
        }
        Ok(())
    }

    /// Puts the texts of the files on the tables: once a run, and again where columns changed. A text may change while
    /// nothing else does.
    fn describe(&mut self, dates: &[NaiveDate]) -> Result<()> {
        match dates.first() {
            Some(&date) if !std::mem::replace(&mut self.is_described, true) => {
                texts::publish(self.warehouse, self.catalog, date)
            }
            _ => Ok(()),
        }
    }

    fn workspace(&self, model: &'a Model) -> Workspace<'a> {
        Workspace { warehouse: self.warehouse, catalog: self.catalog, model }
    }

    /// Looks at the model's own SELECT, which no partition's build has looked at.
    fn clear(&self, model: &Model, date: NaiveDate) -> Result<()> {
        self.guard()?.clear(self.warehouse, self.catalog, &model.table(), date)
    }

    fn guard(&self) -> Result<&Guard> {
        if let Some(guard) = self.guard.get() {
            return Ok(guard);
        }
        let guard = Guard::new(self.warehouse, self.catalog, &self.options.id)?;
        Ok(self.guard.get_or_init(|| guard))
    }

    /// Opens the line of the run, before the first thing that it writes. Of a run that is killed, its outcome stays true.
    fn begin(&mut self) -> Result<()> {
        if !self.has_begun {
            self.warehouse.execute(
                "insert into pipeline.runs values (?, ?, ?, now()::timestamp, null, 'unfinished')",
                &[&self.options.id, &secret::own_command(), &env!("CARGO_PKG_VERSION")],
            )?;
            self.has_begun = true;
            let (other, id) = (self.warehouse.another()?, self.options.id.clone());
            interrupt::at_last(Some(Box::new(move || {
                let _ = close(&other, &id, INTERRUPTED);
            })));
        }
        Ok(())
    }

    /// What came of a step with `table` at `date`: its problem is kept for the end, and the run goes on.
    fn attempt<T>(&mut self, table: &str, date: NaiveDate, outcome: Result<T>) -> Result<Option<T>> {
        let failed = |problem| self.unbuilt.add(table, date, Cause::Failed(problem));
        Ok(sorted_out(outcome)?.map_err(failed).ok())
    }

    /// The first of what `model` needs at `dates` that could not be built.
    fn lacks(&self, model: &Model, dates: &[NaiveDate]) -> Option<(String, NaiveDate)> {
        let tables = self.catalog.upstream(&model.table());
        let all = dates.iter().flat_map(|date| tables.iter().map(move |table| (table, *date)));
        let mut all = all.filter(|(table, date)| self.unbuilt.has(table, *date));
        all.next().map(|(table, date)| (table.clone(), date))
    }

    fn close(&mut self, outcome: &str) -> Result<()> {
        if self.has_begun && !std::mem::replace(&mut self.is_finished, true) {
            interrupt::at_last(None);
            close(self.warehouse, &self.options.id, outcome)?;
        }
        Ok(())
    }
}

fn close(warehouse: &Warehouse, run_id: &str, outcome: &str) -> Result<()> {
    let sql = "update pipeline.runs set finished_at = now()::timestamp, outcome = ? where run_id = ?";
    warehouse.shielded(|| warehouse.execute(sql, &[&outcome, &run_id]))?;
    Ok(())
}

impl Drop for Run<'_> {
    /// A run that was not finished has failed, or was stopped; its error is told elsewhere.
    fn drop(&mut self) {
        let _ = self.close(if interrupt::is_raised() { INTERRUPTED } else { "failed" });
    }
}
