//! Nothing is built from a file that reads past `source` and `ref`, or asks a clock: that is seen in its SQL.

mod reach;
mod walk;

pub use reach::{Functions, check as reach, of_source as reach_of_source, query as reach_of_query, seal};

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::template::Templates;
use crate::warehouse::Warehouse;

/// Looks at each file once, before its first partition is built.
pub struct Guard {
    sealed: Templates,
    functions: Functions,
    cleared: Mutex<BTreeSet<String>>,
}

impl Guard {
    pub fn new(warehouse: &Warehouse, catalog: &Catalog, run_id: &str) -> Result<Self> {
        let sealed = catalog.templates.sealed(&reach::seal(run_id));
        Ok(Self { sealed, functions: Functions::read(warehouse)?, cleared: Mutex::default() })
    }

    /// # Errors
    /// What the file of a table or a model must not reach. What does not even run is told by what runs it.
    pub fn clear(&self, warehouse: &Warehouse, catalog: &Catalog, name: &str, date: NaiveDate) -> Result<()> {
        let cleared = || self.cleared.lock().unwrap_or_else(PoisonError::into_inner);
        if cleared().contains(name) || warehouse.describe(&catalog.render(name, date)?.sql).is_err() {
            return Ok(());
        }
        let found = reach::check(warehouse, catalog, &self.sealed, &self.functions, name, date)?;
        if let Some(problem) = found.into_iter().next() {
            return Err(problem.into());
        }
        cleared().insert(name.to_owned());
        Ok(())
    }
}
