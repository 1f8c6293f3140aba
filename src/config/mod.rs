//! What `config(...)` of each kind of file may hold, read strictly: a key nobody knows is an error.

mod audit;
mod candidate;
mod model;
mod read;
mod source;
mod table;

use serde::Deserialize;

pub use audit::{AuditSpec, Each};
pub use candidate::Candidate;
pub use model::{Binary, Clusters, ModelSpec, STAKE, Task, Validate};
pub use read::Config;
pub use source::{Column, SourceSpec, source_file};
pub use table::{Check, Severity, TableSpec, matches_family};

/// The config of a report or of a file of the sample: what it is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    #[serde(deserialize_with = "read::description")]
    pub description: String,
}
