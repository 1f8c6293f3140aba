//! The proof that no future was seen, and what else has to hold of a project's files.

mod audit;
mod proof;
mod reach;

pub use audit::{definitions, loads, sources};
pub use proof::{Proof, Proven};
pub use reach::{Functions, check as reach, rule as reach_of_rule, seal};
