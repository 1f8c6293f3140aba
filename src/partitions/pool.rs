//! Partitions side by side: every table at one date is its own transaction; two dates of one table never run at once,
//! because both would alter or delete in the same table.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Error, Result};
use chrono::NaiveDate;

use super::partition::{self, Context};
use super::plan::{Plan, Task};
use super::shape::Change;
use crate::catalog::Catalog;
use crate::interrupt;
use crate::term::{self, Progress};
use crate::warehouse::Warehouse;

/// More connections than this only wait for each other.
const MOST_WORKERS: usize = 8;

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Built {
    pub partitions: usize,
    pub rows: i64,
    pub changes: Vec<Change>,
    pub warnings: Vec<String>,
}

#[derive(Default)]
struct State {
    /// Positions in the plan that are neither running nor done.
    open: BTreeSet<usize>,
    running: BTreeSet<usize>,
    failed: Option<(usize, Error)>,
    built: Built,
}

/// Builds all partitions of `plan`, on one connection a core.
///
/// # Errors
/// The problem of the first partition that failed; partitions built before it stay.
pub fn build(
    warehouse: &Warehouse,
    catalog: &Catalog,
    plan: &Plan,
    context: &Context<'_>,
    cores: usize,
) -> Result<Built> {
    let state = Mutex::new(State { open: (0..plan.tasks.len()).collect(), ..State::default() });
    let changed = Condvar::new();
    let progress = Progress::new(plan.tasks.len(), "build");
    let workers = cores.clamp(1, MOST_WORKERS).min(plan.tasks.len().max(1));
    // Every worker computes on its own thread; DuckDB's own threads are for the cores that are left.
    warehouse.set_threads(cores.saturating_sub(workers) + 1)?;
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..workers {
            let connection = warehouse.another()?;
            let (state, changed, progress) = (&state, &changed, &progress);
            scope.spawn(move || work(&connection, catalog, &plan.tasks, context, state, changed, progress));
        }
        Ok(())
    })?;
    let restored = warehouse.set_threads(cores);
    let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (done, of) = (state.built.partitions, plan.tasks.len());
    match state.failed {
        _ if done < of && interrupt::is_raised() => {
            Err(interrupt::problem(format!("interrupted after {done} of {of} partitions")).into())
        }
        Some((_, error)) => Err(error),
        None => Ok(restored.map(|()| state.built)?),
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(
    connection: &Warehouse,
    catalog: &Catalog,
    tasks: &[Task],
    context: &Context<'_>,
    state: &Mutex<State>,
    changed: &Condvar,
    progress: &Progress,
) {
    loop {
        let Some(at) = next(tasks, state, changed) else {
            return;
        };
        let task = &tasks[at];
        progress.working_on(&format!("{} {}", task.table, task.date));
        let outcome = partition::replace(connection, catalog, task, context);
        let mut now = lock(state);
        now.running.remove(&at);
        match outcome {
            Ok(done) => {
                now.built.partitions += 1;
                now.built.rows += done.rows;
                now.built.changes.extend(done.change);
                now.built.warnings.extend(done.warnings);
            }
            Err(error) => {
                // The first in the order of the plan, whichever thread was faster.
                if now.failed.as_ref().is_none_or(|(earlier, _)| at < *earlier) {
                    now.failed = Some((at, error));
                }
            }
        }
        progress.step();
        drop(now);
        changed.notify_all();
    }
}

/// Waits for the first partition that may be built now; `None` when there is nothing left to do.
fn next(tasks: &[Task], state: &Mutex<State>, changed: &Condvar) -> Option<usize> {
    let mut now = lock(state);
    loop {
        if now.failed.is_some() || now.open.is_empty() || interrupt::is_raised() {
            return None;
        }
        let pending: BTreeSet<(&str, NaiveDate)> = now
            .open
            .iter()
            .chain(&now.running)
            .map(|&at| (tasks[at].table.as_str(), tasks[at].date))
            .collect();
        let busy: BTreeSet<&str> = now.running.iter().map(|&at| tasks[at].table.as_str()).collect();
        let ready = now.open.iter().copied().find(|&at| {
            let task = &tasks[at];
            !busy.contains(task.table.as_str())
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
    for warning in &built.warnings {
        term::warn(warning);
    }
}
