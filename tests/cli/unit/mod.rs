//! What the parts of the library do, called directly.

mod commands;
mod config;
mod drift;
mod learn;
mod mlflow;
mod output;
mod outputs;
mod segments;
mod template;
mod train;
mod warehouse;
