//! `queries/sources/<name>.sql`: from which file a source is read, and when each value became known.

use anyhow::Result;
use serde_json::Value;

use super::Fields;
use crate::problem::{nearest, suggest};
use crate::sql::Expression;
use crate::template::Rendered;

/// When a column's value became known, given that its row was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// With its row.
    WithRow,
    /// Before the reference date only if this expression is.
    KnownAt(Expression),
    /// Rewritten in place: this expression over the row gives the value as of `reference_date`.
    AsOf(Expression),
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
    /// Made by the SELECT, and not in the file.
    pub is_derived: bool,
}

/// The config of one source.
#[derive(Debug, Clone)]
pub struct SourceSpec {
    /// Name of the file, without `.csv`, `.csv.gz` or `.parquet`.
    pub file_stem: String,
    pub description: String,
    pub key: Vec<String>,
    /// When a row became known; `None` for a static source.
    pub known_at: Option<Expression>,
    pub columns: Vec<Column>,
    /// Name of an oddity and the expression that is true for an odd row.
    pub odd: Vec<(String, Expression)>,
    pub required: bool,
}

impl SourceSpec {
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let mut fields = Fields::new(&rendered.file, source, "", rendered.config.clone());
        let is_static = fields.flag("static", false)?;
        let known_at = fields.optional_text("known_at")?;
        let known_at = known_at.map(|text| fields.expression("known_at", &text)).transpose()?;
        if is_static && known_at.is_some() {
            return Err(fields
                .wrong("static", "give `known_at` or `static`, not both")
                .hint("the rows of a static source are always known; those of another one from `known_at` on")
                .into());
        }
        if !is_static && known_at.is_none() {
            return Err(fields
                .absent(
                    "known_at",
                    "a source says when its rows became known: `known_at = '…'` or `static = true`",
                )
                .hint("known_at is an expression over the row, for example 'order_purchase_timestamp'")
                .into());
        }
        let mut columns = Vec::new();
        for (name, value) in fields.map("columns")? {
            columns.push(read_column(&fields, &name, value)?);
        }
        if columns.is_empty() {
            return Err(fields
                .absent("columns", "a source lists the columns of its file, with their types")
                .into());
        }
        let odd = fields.expressions("odd")?;
        let key = fields.texts("key")?;
        for (at, name) in key.iter().enumerate() {
            let known = || columns.iter().map(|column: &Column| column.name.as_str());
            if !known().any(|column| column.eq_ignore_ascii_case(name)) {
                return Err(fields
                    .wrong_item("key", at, format!("there is no column `{name}`"))
                    .maybe_hint(nearest(name, known()).map(|near| format!("did you mean `{near}`?")))
                    .into());
            }
        }
        let spec = Self {
            file_stem: fields.text("files")?,
            description: fields.text("description")?,
            key,
            known_at,
            columns,
            odd,
            required: fields.flag("required", true)?,
        };
        fields.finish()?;
        Ok(spec)
    }

    /// The columns that the file has.
    pub fn in_file(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.is_derived)
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// Names of types that hold one value each, as DuckDB knows them.
const TYPES: [&str; 37] = [
    "varchar",
    "text",
    "string",
    "char",
    "bpchar",
    "integer",
    "int",
    "bigint",
    "smallint",
    "tinyint",
    "hugeint",
    "int1",
    "int2",
    "int4",
    "int8",
    "uinteger",
    "ubigint",
    "usmallint",
    "utinyint",
    "uhugeint",
    "double",
    "float",
    "real",
    "float4",
    "float8",
    "decimal",
    "numeric",
    "boolean",
    "bool",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "datetime",
    "interval",
    "uuid",
    "json",
];

/// Whether the first word of `sql_type` is the name of a type: `decimal(12, 2)`, `varchar[]`.
fn is_type(sql_type: &str) -> bool {
    let lower = sql_type.trim().to_ascii_lowercase();
    let name = lower.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let more =
        ["blob", "bytea", "bit", "bitstring", "enum", "struct", "row", "map", "union", "list", "array"];
    TYPES.contains(&name) || more.contains(&name) || name.starts_with("timestamp_")
}

fn read_column(fields: &Fields<'_>, name: &str, value: Value) -> Result<Column> {
    let mut given = fields.below(&format!("columns.{name}"), value)?;
    let known_at = given.optional_text("known_at")?;
    let as_of = given.optional_text("as_of")?;
    let when = match (known_at, as_of) {
        (None, None) => When::WithRow,
        (Some(text), None) => When::KnownAt(given.expression("known_at", &text)?),
        (None, Some(text)) => When::AsOf(given.expression("as_of", &text)?),
        (Some(_), Some(_)) => return Err(given.wrong("as_of", "give known_at or as_of, not both").into()),
    };
    let is_derived = given.flag("derived", false)?;
    // The SELECT decides the type of what it makes.
    let sql_type =
        if is_derived { given.optional_text("type")?.unwrap_or_default() } else { given.text("type")? };
    if !is_derived && !is_type(&sql_type) {
        return Err(given
            .wrong("type", format!("there is no type `{sql_type}`"))
            .maybe_hint(suggest(&sql_type.to_ascii_lowercase(), TYPES))
            .into());
    }
    let column = Column {
        name: name.to_owned(),
        sql_type,
        description: given.optional_text("description")?.unwrap_or_default(),
        is_static: given.flag("static", false)?,
        is_derived,
        when,
    };
    given.finish()?;
    Ok(column)
}
