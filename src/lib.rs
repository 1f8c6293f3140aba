//! `olist`: SQL-first machine learning in the warehouse.
//!
//! The floors of this crate, and which may use which, stand in docs/architecture.md.

pub mod audit;
pub mod card;
pub mod cases;
pub mod catalog;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dataset;
pub mod dates;
pub mod diagnose;
pub mod difference;
pub mod docs;
pub mod drift;
pub mod earlier;
pub mod explain;
pub mod export;
pub mod fingerprint;
pub mod graph;
pub mod guard;
pub mod ingest;
pub mod interrupt;
pub mod learn;
pub mod loss;
pub mod mlflow;
pub mod monitor;
pub mod output;
pub mod page;
pub mod partitions;
pub mod preview;
pub mod problem;
pub mod project;
pub mod proof;
pub mod publish;
pub mod registry;
pub mod reports;
pub mod run;
pub mod score;
pub mod secret;
pub mod segment;
pub mod sql;
pub mod template;
pub mod term;
pub mod train;
pub mod warehouse;
