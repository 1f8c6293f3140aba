//! What the parts of the library do, called directly.

mod commands;
mod config;
mod diagnose;
mod drift;
mod learn;
mod mlflow;
mod output;
mod outputs;
mod segments;
mod sql;
mod template;
mod train;
mod warehouse;
