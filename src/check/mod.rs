//! The proof that no future was seen, and what else has to hold of a project's files.

mod audit;
mod compare;
mod guard;
mod place;
mod proof;
mod reach;
mod tree;

pub use audit::{definitions, loads, sources};
pub use guard::Guard;
pub use proof::{Proof, Proven};
pub use reach::{Functions, check as reach, of_source as reach_of_source, seal};
