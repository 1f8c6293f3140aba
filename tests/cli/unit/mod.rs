//! What the parts of the library do, called directly.

mod commands;
mod drift;
mod output;
mod outputs;
mod segments;
mod train;
mod warehouse;
