//! What makes the rows of partitions: DuckDB, in the transaction that enters them, or Spark, before it.

use std::sync::Mutex;

use anyhow::Result;
use duckdb::arrow::array::RecordBatch;

use super::partition::Maker;
use super::plan::Task;
use crate::sql::Select;
use crate::warehouse::{Warehouse, ident, joined};

/// An engine. Whatever it is, DuckDB describes what columns a partition has, and checks the rows that it enters.
pub trait Engine: Sync {
    /// Partitions that are made side by side where there are so many cores.
    fn workers(&self, cores: usize) -> usize;

    /// Where dates of one table are made side by side: whoever enters one in the database holds this. Else they are made
    /// one after the other.
    fn turn(&self) -> Option<&Mutex<()>>;

    /// Makes the rows of a partition, outside the transaction that enters them.
    fn materialise(&self, maker: Maker<'_>, task: &Task) -> Result<Made>;
}

/// The rows of a partition.
pub struct Made {
    pub rows: Rows,
    /// Their folder in a lake.
    pub lake: Option<String>,
    /// Whether they are to stay in the database.
    pub is_here: bool,
}

pub enum Rows {
    /// Those of the analyst's SELECT.
    Own,
    /// With the names and types that DuckDB gives their columns.
    Fetched(Vec<(String, String)>, Vec<RecordBatch>),
    /// So many, which are sound, and stay where they are.
    Left(i64),
}

impl Rows {
    /// The SELECT that gives them: `own`, or one of what was fetched.
    pub fn select(&self, warehouse: &Warehouse, own: Select) -> Result<Select> {
        let Self::Fetched(columns, rows) = self else { return Ok(own) };
        let columns = columns.iter().map(|(name, sql_type)| format!("{} {sql_type}", ident(name)));
        warehouse.batch(&format!("create or replace temp table stage ({})", joined(columns, ", ")))?;
        rows.iter().try_for_each(|batch| warehouse.append("temp", "main", "stage", batch.clone()))?;
        Ok(Select::of("from temp.stage")?)
    }
}

/// In the database itself.
pub struct DuckDb;

/// More connections than this only wait for each other.
const MOST_WORKERS: usize = 8;

impl Engine for DuckDb {
    fn workers(&self, cores: usize) -> usize {
        cores.clamp(1, MOST_WORKERS)
    }

    fn turn(&self) -> Option<&Mutex<()>> {
        None
    }

    fn materialise(&self, _: Maker<'_>, _: &Task) -> Result<Made> {
        Ok(Made { rows: Rows::Own, lake: None, is_here: true })
    }
}
