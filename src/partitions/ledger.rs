//! `pipeline.partitions`: what is built, and from what.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::ingest::Loads;
use crate::warehouse::Warehouse;

/// One line of the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    pub rows: i64,
    pub fingerprint: String,
    /// What it was made from: `sql` and the names of its sources and refs, each with its fingerprint.
    pub inputs: BTreeMap<String, String>,
    /// Of an ABT: the latest `label_known_on`; `None` where a row has none.
    pub labels_until: Option<NaiveDate>,
    pub duration_ms: f64,
    /// Its folder in a lake, where it was made on Spark.
    pub lake: Option<String>,
    /// Whether its rows are in the database.
    pub is_here: bool,
}

/// The input of an ABT that hides labels.
pub const DATA_UNTIL: &str = "data until";
/// What the label of an ABT is made of.
const OUTCOME: &str = "outcome.";

/// The source that an input of a partition is.
pub fn source(input: &str) -> Option<&str> {
    input.strip_prefix("sources.").or_else(|| input.strip_prefix(OUTCOME))
}

/// Whether the label alone depends on an input: no other column may.
pub fn is_of_label(input: &str) -> bool {
    input == DATA_UNTIL || input.starts_with(OUTCOME)
}

/// The ledger as it stood when it was read: by table and date.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<String, BTreeMap<NaiveDate, Entry>>);

impl Ledger {
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        Self::read_of(warehouse, "warehouse")
    }

    /// That of a database that is attached.
    pub fn read_of(warehouse: &Warehouse, database: &str) -> Result<Self> {
        let sql = format!(
            "select table_name, reference_date, fingerprint, inputs, rows, labels_until, duration_ms, lake, is_here
             from {database}.pipeline.partitions"
        );
        let mut tables = BTreeMap::<_, BTreeMap<_, _>>::new();
        let lines = warehouse.rows(&sql, &[], |row| {
            let inputs: Option<String> = row.get(3)?;
            let entry = Entry {
                rows: row.get(4)?,
                fingerprint: row.get(2)?,
                inputs: inputs.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
                labels_until: row.get(5)?,
                duration_ms: row.get(6)?,
                lake: row.get(7)?,
                is_here: row.get(8)?,
            };
            Ok((row.get(0)?, row.get(1)?, entry))
        })?;
        for (table, date, entry) in lines {
            tables.entry(table).or_default().insert(date, entry);
        }
        Ok(Self(tables))
    }

    /// Everything that is built.
    pub fn entries(&self) -> impl Iterator<Item = (&String, NaiveDate, &Entry)> {
        self.0.iter().flat_map(|(table, dates)| dates.iter().map(move |(date, entry)| (table, *date, entry)))
    }

    /// What is built of `table`, by date.
    fn of(&self, table: &str) -> impl DoubleEndedIterator<Item = (NaiveDate, &Entry)> {
        self.0.get(table).into_iter().flatten().map(|(date, entry)| (*date, entry))
    }

    /// The dates at which `table` is built.
    pub fn dates(&self, table: &str) -> Vec<NaiveDate> {
        self.of(table).map(|(date, _)| date).collect()
    }

    /// How long the newest partition of `table` took, in milliseconds.
    pub fn usual_ms(&self, table: &str) -> Option<f64> {
        Some(self.of(table).next_back()?.1.duration_ms)
    }

    pub fn get(&self, table: &str, date: NaiveDate) -> Option<&Entry> {
        self.0.get(table)?.get(&date)
    }

    /// Dates of `tables` that were made of what sources do not show any more, or of tables that were.
    pub fn older(
        &self,
        catalog: &Catalog,
        tables: &BTreeSet<String>,
        loads: &Loads,
    ) -> BTreeMap<String, BTreeSet<NaiveDate>> {
        let mut older: BTreeMap<String, BTreeSet<NaiveDate>> = BTreeMap::new();
        for table in catalog.order.iter().filter(|table| tables.contains(*table)) {
            for (date, entry) in self.of(table) {
                let until =
                    |name: &str| if name.starts_with("sources.") { Some(date) } else { entry.labels_until };
                let is_older = |(name, version): (&String, &String)| match source(name) {
                    Some(source) => {
                        loads.current(source).is_some() && !loads.is_same(source, version, until(name))
                    }
                    None => older.get(name).is_some_and(|dates| dates.contains(&date)),
                };
                if entry.inputs.iter().any(is_older) {
                    older.entry(table.clone()).or_default().insert(date);
                }
            }
        }
        older
    }

    /// Whether `table` is built, and has no row at any date.
    pub fn is_empty(&self, table: &str) -> bool {
        self.0.get(table).is_some_and(|dates| dates.values().all(|entry| entry.rows == 0))
    }

    /// The median rows of the last four dates before `end`.
    pub fn usual_rows(&self, table: &str, end: Bound<NaiveDate>) -> Option<f64> {
        let before = self.0.get(table)?.range((Bound::Unbounded, end));
        let mut rows: Vec<i64> = before.rev().take(4).map(|(_, entry)| entry.rows).collect();
        rows.sort_unstable();
        let (low, high) = (*rows.get((rows.len().max(1) - 1) / 2)?, rows[rows.len() / 2]);
        Some((low + high) as f64 / 2.0)
    }
}

/// Takes away what is noted of a partition: its line, its rows in the quarantine, its failure.
pub fn forget(warehouse: &Warehouse, table: &str, date: NaiveDate) -> Result<()> {
    for noted in ["partitions", "quarantine", "failures"] {
        let sql = format!("delete from pipeline.{noted} where table_name = ? and reference_date = ?");
        warehouse.execute(&sql, &[&table, &date])?;
    }
    Ok(())
}

impl Entry {
    /// Writes its line, inside the partition's transaction, where there is none of it any more.
    pub fn write(&self, warehouse: &Warehouse, table: &str, date: NaiveDate, run_id: &str) -> Result<()> {
        let Self { rows, fingerprint, inputs, labels_until, duration_ms, lake, is_here } = self;
        let inputs = serde_json::to_string(inputs)?;
        warehouse.execute(
            "insert into pipeline.partitions values (?, ?, ?, ?, now()::timestamp, ?, ?, ?, ?, ?, ?)",
            &[&table, &date, rows, fingerprint, duration_ms, &run_id, &inputs, labels_until, lake, is_here],
        )?;
        Ok(())
    }
}
