//! `features/<name>.sql` and `abt/<name>.sql`: what a table's rows are, and what has to hold of them.

use anyhow::Result;
use serde_json::Value;

use super::fields::{Fields, kind_of};
use crate::sql::Expression;
use crate::template::{Kind, Rendered};

/// What a failing check does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The partition is not replaced.
    Fail,
    /// The partition is replaced, and the rows are named.
    Warn,
}

/// An expression that has to be true, or NULL, for every row.
#[derive(Debug, Clone)]
pub struct Check {
    pub expression: Expression,
    pub severity: Severity,
    /// Where the expression stands in the config: `checks.2`.
    pub path: String,
}

/// The config of a feature store or an ABT.
#[derive(Debug, Clone)]
pub struct TableSpec {
    pub key: Vec<String>,
    /// ABTs only.
    pub label: Option<String>,
    pub description: String,
    /// A step that stores share, and no store of its own right: no ABT or model reads it, published copies go without it,
    /// and its columns need no text.
    pub is_intermediate: bool,
    pub checks: Vec<Check>,
    /// What a tenth of the usual rows does.
    pub row_count: Severity,
}

impl TableSpec {
    pub fn read(rendered: &Rendered, source: &str, kind: Kind) -> Result<Self> {
        let mut fields = Fields::new(&rendered.file, source, "", rendered.config.clone());
        // For people: what a row is about.
        fields.text("entity")?;
        let key = fields.some_texts("key")?;
        let label = if kind == Kind::Abt { Some(fields.text("label")?) } else { None };
        let is_intermediate = kind == Kind::Feature && fields.flag("intermediate", false)?;
        let mut checks = Vec::new();
        for (at, value) in fields.list("checks")?.into_iter().enumerate() {
            checks.push(read_check(&fields, at, value)?);
        }
        let row_count = read_severity(&mut fields, "row_count")?;
        let spec =
            Self { key, label, description: fields.text("description")?, is_intermediate, checks, row_count };
        fields.finish()?;
        Ok(spec)
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

fn read_check(fields: &Fields<'_>, at: usize, value: Value) -> Result<Check> {
    let path = format!("checks.{at}");
    match value {
        Value::String(text) => {
            let expression = fields.expression(&path, &text)?;
            Ok(Check { expression, severity: Severity::Fail, path })
        }
        Value::Object(map) => {
            let mut given = fields.below(&path, Value::Object(map))?;
            let text = given.text("expression")?;
            let expression = given.expression("expression", &text)?;
            let severity = read_severity(&mut given, "severity")?;
            given.finish()?;
            Ok(Check { expression, severity, path: format!("{path}.expression") })
        }
        other => Err(fields
            .wrong(&path, format!("expected a text in quotes or {{...}}, found {}", kind_of(&other)))
            .hint("'order_count > 0', or {'expression': 'order_count > 0', 'severity': 'warn'}")
            .into()),
    }
}

fn read_severity(fields: &mut Fields<'_>, key: &'static str) -> Result<Severity> {
    match fields.optional_text(key)?.as_deref() {
        None | Some("fail") => Ok(Severity::Fail),
        Some("warn") => Ok(Severity::Warn),
        Some(other) => {
            Err(fields.wrong(key, format!("`{other}` is not known")).hint("there are: fail, warn").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches_family("order_share_*", "order_share_ac"));
        assert!(matches_family("*_order_count", "boleto_order_count"));
        assert!(!matches_family("order_share_*", "order_count"));
        assert!(!matches_family("a*a", "a"));
    }
}
