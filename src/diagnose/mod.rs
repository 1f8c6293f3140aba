//! From an error of the engine to the analyst's own file, line and words.

mod advice;
mod analyst;
mod apart;
mod column;
mod parts;
mod place;
mod search;
mod syntax;

pub use advice::advice;
pub use analyst::{analyst, kind};
pub use apart::Apart;
pub use column::{Items, Twice, items, twice};
pub use place::placed;

use crate::sql::{Select, SqlError};
use crate::warehouse::Warehouse;

fn describe(warehouse: &Warehouse, sql: &str) -> Result<Vec<(String, String)>, SqlError> {
    warehouse.describe(&Select::of(sql)?)
}
