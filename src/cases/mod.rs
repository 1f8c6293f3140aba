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

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, anyhow};

pub use bench::Bench;
pub use draw::{Drawn, Wanted, draw};
pub use file::{Case, read};
pub use outcome::{Differing, Outcome};
pub use update::updated;

use crate::catalog::Catalog;
use crate::partitions::sorted_out;
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
    let open = Mutex::new(cases.iter().enumerate());
    let next = || open.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> Result<Vec<_>> {
        let mut bench = Bench::new(project, catalog)?;
        let outcome = |(at, case): (usize, &Case)| {
            let key = catalog.tables.get(&case.expect.table).map_or(&[][..], |node| &node.spec.key);
            Ok((at, sorted_out(Outcome::of(&mut bench, case, key))?))
        };
        std::iter::from_fn(next).map(outcome).collect()
    };
    let benches = cores.min(cases.len().div_ceil(PER_BENCH));
    let mut outcomes = Vec::with_capacity(cases.len());
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..benches).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            outcomes.extend(worker.join().map_err(|_| anyhow!("a case ended by itself"))??);
        }
        Ok(())
    })?;
    outcomes.sort_unstable_by_key(|(at, _)| *at);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}
