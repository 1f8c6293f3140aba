//! A reader of SQL text: DuckDB's own syntax tree where it parses, its tokens where it does not.

mod error;
mod items;
pub mod outputs;
mod select;
mod tokens;
pub mod tree;

pub use error::{DAMAGED, SqlError};
pub use select::{AT_BYTE, Expression, HARMLESS, Select, Unproven};
pub use tokens::{Brackets, Token, lexemes, normal, normal_of, starts, tokens, unended};
