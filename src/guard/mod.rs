//! Nothing is built from a file that reads past `source` and `ref`, or asks a clock: that is seen in its SQL.

mod reach;
mod walk;

pub use reach::Reach;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::sql::SqlError;
use crate::warehouse::Warehouse;

/// Looks at each file once, before its first partition is built.
pub struct Guard {
    reach: Reach,
    cleared: Mutex<BTreeSet<String>>,
}

impl Guard {
    pub fn new(warehouse: &Warehouse, catalog: &Catalog, run_id: &str) -> Result<Self> {
        Ok(Self { reach: Reach::new(warehouse, &catalog.templates, run_id)?, cleared: Mutex::default() })
    }

    /// # Errors
    /// What the file of a table or a model must not reach. A table that is not even there is told by what runs it, which
    /// knows what is near it.
    pub fn clear(&self, warehouse: &Warehouse, catalog: &Catalog, name: &str, date: NaiveDate) -> Result<()> {
        let cleared = || self.cleared.lock().unwrap_or_else(PoisonError::into_inner);
        if cleared().contains(name) {
            return Ok(());
        }
        let found = self.reach.table(catalog, name, date)?;
        if let Some(problem) = found.into_iter().next() {
            let select = catalog.render(name, date)?.select();
            // A transaction would not get over an error.
            let other = warehouse.another()?;
            let error = select.and_then(|select| other.describe(&select)).err();
            let is_missing = |error: SqlError| {
                ["Parser", "Statement", "Catalog", "Binder"].contains(&error.class.as_str())
                    && !error.message.contains("TIME ZONE")
            };
            return if error.is_some_and(is_missing) { Ok(()) } else { Err(problem.into()) };
        }
        cleared().insert(name.to_owned());
        Ok(())
    }
}
