//! What the parts of the library do, called directly.

mod commands;
mod drift;
mod outputs;
mod output;
mod segments;
mod train;
mod warehouse;
