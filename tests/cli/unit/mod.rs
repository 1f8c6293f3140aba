//! What the parts of the library do, called directly.

mod diagnose;
mod drift;
mod segments;
mod sql;
mod train;
