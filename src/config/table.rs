//! `features/<name>.sql` and `abt/<name>.sql`: what a table's rows are, and what has to hold of them.

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

use super::read::{self, Config};
use crate::sql::Expression;
use crate::template::{Kind, Rendered};

/// What a failing check does.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The partition is not replaced.
    #[default]
    Fail,
    /// The rows are kept out of the partition, and set aside.
    Drop,
    /// The partition is replaced, and the rows are named.
    Warn,
}

impl Severity {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Drop => "drop",
            Self::Warn => "warn",
        }
    }
}

/// An expression that has to be true, or NULL, for every row.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a text in quotes or {...}\n'order_count > 0', or {'expression': 'order_count > 0', 'severity': 'warn'}"
)]
pub struct Check {
    pub expression: Expression,
    #[serde(default)]
    pub severity: Severity,
    /// Where the expression stands in the config: `checks.2`, or `checks.2.expression`.
    #[serde(skip)]
    pub path: String,
}

/// The config of a feature store or an ABT.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// For people: what a row is about.
    #[serde(rename = "entity", deserialize_with = "read::text")]
    _entity: String,
    #[serde(deserialize_with = "read::names")]
    pub key: Vec<String>,
    /// ABTs only.
    #[serde(default, deserialize_with = "read::maybe_text")]
    pub label: Option<String>,
    #[serde(deserialize_with = "read::description")]
    pub description: String,
    /// A step that stores share, and no store of its own right: no ABT or model reads it, published copies go without it,
    /// and its columns need no text.
    #[serde(default, rename = "intermediate")]
    pub is_intermediate: bool,
    #[serde(skip)]
    pub checks: Vec<Check>,
    #[serde(default, rename = "checks")]
    given_checks: Vec<Value>,
    /// What a tenth of the usual rows does.
    #[serde(default)]
    pub row_count: Severity,
}

impl TableSpec {
    pub fn read(rendered: &Rendered, source: &str, kind: Kind) -> Result<Self> {
        let config = Config::new(rendered, source);
        let mut spec: Self = config.read()?;
        for (at, given) in std::mem::take(&mut spec.given_checks).into_iter().enumerate() {
            spec.checks.push(read_check(&config, format!("checks.{at}"), given)?);
        }
        match (kind == Kind::Abt, &spec.label) {
            (true, None) => Err(config.missing("", "label").into()),
            (false, Some(_)) => Err(config.wrong("label", "only an ABT has a label").into()),
            _ if spec.row_count == Severity::Drop => {
                Err(config.wrong("row_count", "too few rows fail or warn: there is nothing to drop").into())
            }
            _ if spec.is_intermediate && kind != Kind::Feature => {
                Err(config.wrong("intermediate", "only a feature store is an intermediate").into())
            }
            _ => Ok(spec),
        }
    }
}

impl TableSpec {
    /// What decides the rows of a table beside its SQL.
    pub fn substance(&self) -> String {
        let drops = self.checks.iter().filter(|check| check.severity == Severity::Drop);
        drops.map(|check| check.expression.as_str()).collect::<Vec<_>>().join("; ")
    }
}

/// Whether `column` belongs to the family `pattern`, where one `*` stands for any text.
pub fn matches_family(pattern: &str, column: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => {
            column.len() >= head.len() + tail.len() && column.starts_with(head) && column.ends_with(tail)
        }
        None => pattern == column,
    }
}

/// A check is its expression, or a map of it and its severity.
fn read_check(config: &Config<'_>, path: String, given: Value) -> Result<Check> {
    if given.is_string() {
        return Ok(Check { expression: config.read_at(&path, given)?, severity: Severity::Fail, path });
    }
    let check = config.read_at(&path, given)?;
    Ok(Check { path: format!("{path}.expression"), ..check })
}
