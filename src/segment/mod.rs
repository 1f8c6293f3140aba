//! Segments: rows that are alike, the number of groups, and segments that keep their identity.

mod assign;
pub mod choose;
mod outcome;
mod profile;
mod train;

pub use assign::assign;
pub use profile::{table_of, write_profile};
pub use train::train;
