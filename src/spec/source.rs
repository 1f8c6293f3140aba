//! `queries/sources/<name>.sql`: from which file a source is read, and when each value became known.

use anyhow::Result;
use serde_json::Value;

use super::Fields;
use crate::problem::{Place, Problem};
use crate::template::{Rendered, config};

/// When a column's value became known, given that its row was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// With its row.
    WithRow,
    /// Before the reference date only if this expression is.
    KnownAt(String),
    /// Rewritten in place: this expression over the row gives the value as of `reference_date`.
    AsOf(String),
}

/// One column of the file.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub sql_type: String,
    pub description: String,
    pub when: When,
    /// A date or time that is itself no news: promised, planned, or known with its row.
    pub is_static: bool,
}

/// The config of one source.
#[derive(Debug, Clone)]
pub struct SourceSpec {
    /// Name of the file, without `.csv`, `.csv.gz` or `.parquet`.
    pub file_stem: String,
    pub description: String,
    pub key: Vec<String>,
    /// When a row became known; `None` for a static source.
    pub known_at: Option<String>,
    pub columns: Vec<Column>,
    /// Name of an oddity and the expression that is true for an odd row.
    pub odd: Vec<(String, String)>,
    pub required: bool,
}

impl SourceSpec {
    /// # Errors
    /// The first key that is missing, unknown or of the wrong type.
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let mut fields = Fields::new(&rendered.file, source, "", rendered.config.clone());
        let is_static = fields.flag("static", false)?;
        let known_at = fields.optional_text("known_at")?;
        if is_static == known_at.is_some() {
            return Err(Problem::usage(
                "a source says when its rows became known: `known_at = '…'` or `static = true`",
            )
            .at(config::place(&rendered.file, source, "static")
                .or_else(|| config::call(&rendered.file, source))
                .unwrap_or_else(|| Place::at_offset(&rendered.file, source, 0)))
            .hint("known_at is an expression over the row, for example 'order_purchase_timestamp'")
            .into());
        }
        let mut columns = Vec::new();
        for (name, value) in fields.map("columns")? {
            columns.push(read_column(&fields, &name, value)?);
        }
        if columns.is_empty() {
            return Err(fields
                .wrong("columns", "a source lists the columns of its file, with their types")
                .into());
        }
        let odd = fields.map("odd")?;
        let odd = odd
            .into_iter()
            .map(|(name, value)| {
                if let Value::String(text) = value {
                    return Ok((name, text));
                }
                let path = format!("odd.{name}");
                Err(fields.wrong(&path, "expected texts: an expression for each name").into())
            })
            .collect::<Result<_>>()?;
        let spec = Self {
            file_stem: fields.text("files")?,
            description: fields.text("description")?,
            key: fields.texts("key")?,
            known_at,
            columns,
            odd,
            required: fields.flag("required", true)?,
        };
        fields.finish()?;
        Ok(spec)
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

fn read_column(fields: &Fields<'_>, name: &str, value: Value) -> Result<Column> {
    let mut given = fields.below(&format!("columns.{name}"), value)?;
    let known_at = given.optional_text("known_at")?;
    let as_of = given.optional_text("as_of")?;
    let when = match (known_at, as_of) {
        (None, None) => When::WithRow,
        (Some(expression), None) => When::KnownAt(expression),
        (None, Some(expression)) => When::AsOf(expression),
        (Some(_), Some(_)) => return Err(given.wrong("as_of", "give known_at or as_of, not both").into()),
    };
    let column = Column {
        name: name.to_owned(),
        sql_type: given.text("type")?,
        description: given.optional_text("description")?.unwrap_or_default(),
        is_static: given.flag("static", false)?,
        when,
    };
    given.finish()?;
    Ok(column)
}
