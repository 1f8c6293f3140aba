//! What the parts of the library do, called directly.

mod commands;
mod diagnose;
mod drift;
mod output;
mod outputs;
mod segments;
mod sql;
mod train;
mod warehouse;
