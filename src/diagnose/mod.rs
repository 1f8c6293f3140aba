//! From an error of the engine to the analyst's own file, line and words.

mod advice;
mod analyst;
mod column;
mod place;
mod search;
mod syntax;

pub use advice::{Advice, advice};
pub use analyst::{analyst, kind};
pub use column::{Items, column_place, items};
pub use place::placed;

use crate::sql::{Select, SqlError};
use crate::warehouse::Warehouse;

/// A part of a query that was proven as a whole.
fn select(sql: &str) -> Result<Select, SqlError> {
    Select::reading(sql, &["read_csv", "read_parquet"])
}

fn describe(warehouse: &Warehouse, sql: &str) -> Result<Vec<(String, String)>, SqlError> {
    warehouse.describe(&select(sql)?)
}
