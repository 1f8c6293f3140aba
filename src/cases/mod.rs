//! An analyst's cases: given these rows of sources, a table has those rows. They run in memory, and are drawn from real rows.

mod bench;
mod build;
mod draw;
mod file;
mod outcome;
mod reach;
mod shrink;
mod update;
mod write;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, anyhow};

pub use bench::Bench;
pub use draw::{Drawn, Wanted, draw};
pub use file::{Case, read};
pub use outcome::{Differing, Outcome};
pub use update::updated;

use crate::catalog::Catalog;
use crate::partitions::sort_out;
use crate::problem::Problem;
use crate::project::Project;

/// Cases for which another bench pays.
const PER_BENCH: usize = 8;

/// Runs cases, `cores` at a time: what came out of each, or why nothing did.
///
/// # Errors
/// What is not of one case: a signal, a mistake in the sources.
pub fn run(
    project: &Project,
    catalog: &Catalog,
    cases: &[Case],
    cores: usize,
) -> Result<Vec<Result<Outcome, Problem>>> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<(usize, Result<Outcome, Problem>)>> = Mutex::default();
    let work = || -> Result<()> {
        let mut bench = Bench::new(project, catalog)?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(at) else { return Ok(()) };
            let outcome = outcome(&mut bench, catalog, case)?;
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((at, outcome));
        }
    };
    let benches = cores.min(cases.len().div_ceil(PER_BENCH));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..benches).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow!("a case ended by itself"))?)
    })?;
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_unstable_by_key(|(at, _)| *at);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn outcome(bench: &mut Bench<'_>, catalog: &Catalog, case: &Case) -> Result<Result<Outcome, Problem>> {
    let key = catalog.tables.get(&case.expect.table).map_or(&[][..], |node| &node.spec.key);
    match Outcome::of(bench, case, key).map_err(sort_out) {
        Ok(outcome) => Ok(Ok(outcome)),
        Err(Ok(problem)) => Ok(Err(problem)),
        Err(Err(error)) => Err(error),
    }
}
