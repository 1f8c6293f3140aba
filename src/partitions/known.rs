//! What a build has seen of its tables, so that a date like the one before is not looked at from the start again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;

use super::shape::Change;
use crate::sql::Select;
use crate::warehouse::Warehouse;

/// Tables at dates, and their columns, as a build knows them.
pub struct Known {
    /// Of which something stood in the ledger, the quarantine or among the failures when the build began.
    noted: BTreeSet<(String, NaiveDate)>,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    /// The query of each table, whatever the date, whose columns the table has.
    fitted: BTreeMap<String, String>,
    /// Made in this build.
    new: BTreeSet<String>,
    /// How often a table got other columns: what was read off queries before may not hold behind it.
    changes: usize,
}

impl Known {
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let sql = "select table_name, reference_date from pipeline.partitions
                   union select table_name, reference_date from pipeline.quarantine
                   union select table_name, reference_date from pipeline.failures where reference_date is not null";
        let noted = warehouse.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self { noted: noted.into_iter().collect(), tables: Mutex::default() })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything is put down of `table` at `date`.
    pub fn is_noted(&self, table: &str, date: NaiveDate) -> bool {
        self.noted.contains(&(table.to_owned(), date))
    }

    /// Whether `table` was made in this build, and has rows of other dates at most.
    pub fn is_new(&self, table: &str) -> bool {
        self.tables().new.contains(table)
    }

    /// Whether `table` has the columns of `query`: that was seen at another date.
    pub fn fits(&self, table: &str, query: &Select) -> bool {
        self.tables().fitted.get(table).is_some_and(|fitted| *fitted == dateless(query))
    }

    /// To be asked for before a query is looked at, and handed to `learn`.
    pub fn changes(&self) -> usize {
        self.tables().changes
    }

    /// A partition of `table` is committed, for which its columns were made those of `query`, if it is the analyst's.
    pub fn learn(
        &self,
        table: &str,
        query: Option<&Select>,
        shape: &[(String, String)],
        change: Option<&Change>,
        since: usize,
    ) {
        let mut tables = self.tables();
        let is_current = tables.changes == since;
        if let Some(change) = change {
            tables.fitted.clear();
            tables.changes += 1;
            if change.is_new {
                tables.new.insert(table.to_owned());
            }
        }
        let Some(query) = query.filter(|_| is_current) else { return };
        // A column without a name of its own is called by its text, dates included, and a pivot's by its rows.
        let is_lasting = !shape.iter().any(|(name, _)| name.contains('\''))
            && !query.as_str().to_ascii_lowercase().contains("pivot");
        if is_lasting {
            tables.fitted.insert(table.to_owned(), dateless(query));
        }
    }
}

/// A query with its dates left out: what it gives has the same columns at all of them.
fn dateless(query: &Select) -> String {
    let is_date = |text: &str| text.len() == 10 && text.parse::<NaiveDate>().is_ok();
    let pieces = query.as_str().split('\'').map(|piece| if is_date(piece) { "" } else { piece });
    pieces.collect::<Vec<_>>().join("'")
}
