//! What the parts of the library do, called directly.

mod commands;
mod output;
mod warehouse;
