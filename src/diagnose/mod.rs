//! From an error of the engine to the analyst's own file, line and words.

mod advice;
mod analyst;
mod apart;
mod culprit;
mod narrow;
mod search;

pub use analyst::analyst;
pub use apart::Apart;
