//! Where the feature `spark` is off, nobody can be connected.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use duckdb::arrow::array::RecordBatch;

use super::Failure;
use crate::problem::Problem;

/// There is none.
#[derive(Debug)]
pub enum Spark {}

impl Spark {
    pub fn connect(_remote: &str, _settings: &[(&str, &str)]) -> Result<Arc<Self>> {
        Err(Problem::usage("this olist was built without Spark")
            .hint("`cargo install --path . --features spark` builds one that has it; see docs/spark.md")
            .into())
    }

    pub fn address(&self) -> &str {
        match *self {}
    }

    pub fn run(&self, _sql: &str, _limit: Option<Duration>) -> Result<Vec<RecordBatch>, Failure> {
        match *self {}
    }

    pub fn stop(self: Arc<Self>) {
        match *self {}
    }
}
