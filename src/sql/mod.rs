//! A reader of SQL text: its tokens, its parts, and DuckDB's own syntax tree of it.

mod given;
pub mod outputs;
pub mod parts;
pub mod scan;
pub mod tree;

pub use given::given;
