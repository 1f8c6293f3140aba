//! Partitions side by side: every table at one date is its own transaction; two dates of one table never run at once in
//! DuckDB, because both would alter or delete in the same table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Error, Result};
use chrono::NaiveDate;

use super::Unbuilt;
use super::known::Known;
use super::partition::{Context, Done, Maker};
use super::plan::{Plan, Task};
use super::quarantine::SetAside;
use super::shape::Change;
use super::unbuilt::{Cause, sorted_out};
use crate::catalog::Catalog;
use crate::interrupt;
use crate::problem::Problem;
use crate::term::{self, Progress};
use crate::warehouse::Warehouse;

/// Dates of a table that fail alike before the rest of them is taken to fail as well.
const ALIKE: usize = 3;

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Built {
    pub partitions: usize,
    pub rows: i64,
    pub changes: Vec<Change>,
    pub warnings: Vec<String>,
    /// One for each partition and check.
    pub set_aside: Vec<SetAside>,
}

#[derive(Default)]
struct State {
    /// Positions in the plan that are neither running nor done.
    open: BTreeSet<usize>,
    running: BTreeSet<usize>,
    /// What ends the build: no mistake of a table's.
    fatal: Option<Error>,
    unbuilt: Unbuilt,
    built: Built,
}

/// Builds all partitions of `plan`, on one connection a core. Those that fail, and what depends on them, join `unbuilt`;
/// the rest is built.
///
/// # Errors
/// What is not of one table: a signal, a full disk.
pub fn build(
    warehouse: &Warehouse,
    catalog: &Catalog,
    plan: &Plan,
    context: &Context<'_>,
    cores: usize,
    unbuilt: &mut Unbuilt,
) -> Result<Built> {
    let mut state = State { unbuilt: std::mem::take(unbuilt), ..State::default() };
    state.open = (0..plan.tasks.len()).filter(|&at| !state.unbuilt.blocks(&plan.tasks[at])).collect();
    let known = Known::read(warehouse)?;
    let state = Mutex::new(state);
    let changed = Condvar::new();
    let progress = Progress::new(plan.tasks.len(), "build");
    let workers = context.engine.workers(cores).min(plan.tasks.len().max(1));
    // Every worker computes on its own thread; DuckDB's own threads are for the cores that are left.
    warehouse.set_threads(cores.saturating_sub(workers) + 1)?;
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..workers {
            let connection = warehouse.another()?;
            let (state, changed, progress, known) = (&state, &changed, &progress, &known);
            scope.spawn(move || {
                let maker = Maker { warehouse: &connection, catalog, plan, context, known };
                work(maker, state, changed, progress);
            });
        }
        Ok(())
    })?;
    let restored = warehouse.set_threads(cores);
    let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    *unbuilt = state.unbuilt;
    let (done, of) = (state.built.partitions, plan.tasks.len());
    match state.fatal {
        _ if done < of && interrupt::is_raised() => {
            Err(interrupt::problem(format!("interrupted after {done} of {of} partitions")).into())
        }
        Some(error) => Err(error),
        None => Ok(restored.map(|()| state.built)?),
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(maker: Maker<'_>, state: &Mutex<State>, changed: &Condvar, progress: &Progress) {
    let tasks = &maker.plan.tasks;
    while let Some(at) = next(maker, state, changed) {
        let task = &tasks[at];
        progress.working_on(&format!("{} {}", task.table, task.date));
        let outcome = maker.replace(task);
        let mut now = lock(state);
        now.running.remove(&at);
        match sorted_out(outcome) {
            Ok(Ok(done)) => now.built.add(done),
            Ok(Err(problem)) => now.fail(tasks, task, problem),
            Err(error) => now.fatal = now.fatal.take().or(Some(error)),
        }
        progress.step();
        drop(now);
        changed.notify_all();
    }
}

impl Built {
    fn add(&mut self, done: Done) {
        self.partitions += 1;
        self.rows += done.rows;
        self.changes.extend(done.change);
        self.warnings.extend(done.warnings);
        self.set_aside.extend(done.set_aside);
    }

    /// Rows that checks kept out.
    pub fn rows_aside(&self) -> usize {
        self.set_aside.iter().map(|aside| aside.rows).sum()
    }
}

impl State {
    /// Takes out what depends on `task`, and its other dates where they have failed alike.
    fn fail(&mut self, tasks: &[Task], task: &Task, problem: Problem) {
        let is_hopeless = self.unbuilt.alike(&task.table, &problem) + 1 >= ALIKE;
        self.unbuilt.add(&task.table, task.date, Cause::Failed(problem));
        if is_hopeless {
            let others = self.open.iter().map(|&at| &tasks[at]).filter(|other| other.table == task.table);
            let dates: Vec<NaiveDate> = others.map(|other| other.date).collect();
            for date in dates {
                self.unbuilt.add(&task.table, date, Cause::Alike);
            }
        }
        let Self { open, unbuilt, .. } = self;
        // In the order of the plan: what stands between two tables falls before the second.
        open.retain(|&at| !unbuilt.blocks(&tasks[at]));
    }
}

/// Waits for the first partition that may be built now; `None` when there is nothing left to do.
fn next(maker: Maker<'_>, state: &Mutex<State>, changed: &Condvar) -> Option<usize> {
    let (tasks, is_side_by_side) = (&maker.plan.tasks, maker.context.engine.turn().is_some());
    let mut now = lock(state);
    loop {
        if now.fatal.is_some() || now.open.is_empty() || interrupt::is_raised() {
            return None;
        }
        let pending =
            now.open.iter().chain(&now.running).map(|&at| (tasks[at].table.as_str(), tasks[at].date));
        let pending: BTreeSet<(&str, NaiveDate)> = pending.collect();
        let busy: BTreeSet<&str> = now.running.iter().map(|&at| tasks[at].table.as_str()).collect();
        let ready = now.open.iter().copied().find(|&at| {
            let task = &tasks[at];
            (is_side_by_side || !busy.contains(task.table.as_str()))
                && task.rendered.refs.iter().all(|need| !pending.contains(&(need.as_str(), task.date)))
        });
        if let Some(at) = ready {
            now.open.remove(&at);
            now.running.insert(at);
            return Some(at);
        }
        now = changed.wait(now).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Prints what the build has to say beside its summary.
pub fn report(built: &Built) {
    for change in &built.changes {
        term::note(&format!("  {change}"));
    }
    let mut aside: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for SetAside { table, check, rows } in &built.set_aside {
        let (all, dates) = aside.entry((table, check)).or_default();
        (*all, *dates) = (*all + rows, *dates + 1);
    }
    for ((table, check), (rows, dates)) in aside {
        let (rows, dates) = (term::counted(rows, "row"), term::counted(dates, "date"));
        term::note(&format!("  {table}: {rows} of {dates} set aside: {check}"));
    }
    for warning in &built.warnings {
        term::warn(warning);
    }
}
