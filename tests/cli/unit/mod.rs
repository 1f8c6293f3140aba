//! What the parts of the library do, called directly.

mod commands;
mod config;
mod dates;
mod diagnose;
mod drift;
mod graph;
mod learn;
mod mlflow;
mod output;
mod outputs;
mod page;
mod problem;
mod segments;
mod sql;
mod template;
mod train;
mod warehouse;
