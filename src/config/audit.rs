//! `queries/audits/<name>.sql`: a query of rows that a source shows too early.

use anyhow::Result;
use serde::Deserialize;

use super::read::{self, Config};
use crate::template::Rendered;

/// What an audit is rendered for, once each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// Each source: `this`.
    Source,
    /// Each source with each other one: `this` and `other`.
    Other,
    /// Each column of each source: `this` and `column`.
    Column,
    /// Each column with each moment of the source: `this`, `column` and `moment`, a column with a `known_at`.
    Moment,
}

/// The config of one audit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSpec {
    /// For people: what it looks for.
    #[serde(rename = "description", deserialize_with = "read::description")]
    _description: String,
    pub each: Each,
    /// Whether it says anything of what it was rendered for.
    #[serde(default = "read::yes")]
    pub applies: bool,
    /// What is wrong: `{rows}` in it is the number of rows.
    #[serde(deserialize_with = "read::text")]
    pub message: String,
    #[serde(deserialize_with = "read::text")]
    pub hint: String,
    of_rows: Option<bool>,
}

impl AuditSpec {
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        Config::new(rendered, source).read()
    }

    /// Shown at what is said of the rows of the source, though it looks at columns.
    pub fn is_of_rows(&self) -> bool {
        self.of_rows.unwrap_or(matches!(self.each, Each::Source | Each::Other))
    }
}
