//! A reader of SQL text: DuckDB's own syntax tree where it parses, its tokens where it does not.

mod error;
mod given;
pub mod parts;
pub mod scan;
mod select;
mod tokens;
pub mod tree;

pub use error::{DAMAGED, SqlError};
pub use given::given;
pub use select::{Expression, HARMLESS, Select, Unproven, unended};
pub use tokens::{Token, tokens};
