//! `queries/sources/<name>.sql`: from which file a source is read, and when each value became known.

use anyhow::Result;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::read::{self, Config};
use crate::problem::{Problem, nearest, suggest};
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

impl When {
    /// The key of the config that says so, and its expression; none of what becomes known with its row.
    pub const fn given(&self) -> Option<(&'static str, &Expression)> {
        match self {
            Self::WithRow => None,
            Self::KnownAt(moment) => Some(("known_at", moment)),
            Self::AsOf(value) => Some(("as_of", value)),
        }
    }

    /// What stands before and behind that expression in an item of SELECT that gives column `quoted`, an identifier, as it
    /// was known at `reference_date`.
    pub fn around(&self, quoted: &str) -> (&'static str, String) {
        match self {
            Self::WithRow => ("", quoted.to_owned()),
            Self::KnownAt(_) => ("case when (", format!(") < reference_date then {quoted} end as {quoted}")),
            Self::AsOf(_) => ("(", format!(") as {quoted}")),
        }
    }
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
    /// Of a code of so many digits: leading zeros that a file has lost are put back.
    pub digits: Option<usize>,
}

/// The config of one source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// Name of the file, without `.csv`, `.csv.gz` or `.parquet`.
    #[serde(rename = "files", deserialize_with = "read::text")]
    pub file_stem: String,
    #[serde(deserialize_with = "read::description")]
    pub description: String,
    #[serde(default, deserialize_with = "read::names")]
    pub key: Vec<String>,
    #[serde(default, rename = "static")]
    is_static: bool,
    /// When a row became known; `None` for a static source.
    #[serde(default)]
    pub known_at: Option<Expression>,
    #[serde(rename = "columns", deserialize_with = "read::some_pairs")]
    given_columns: Vec<(String, GivenColumn)>,
    #[serde(skip)]
    pub columns: Vec<Column>,
    /// Name of an oddity and the expression that is true for an odd row.
    #[serde(default, deserialize_with = "read::pairs")]
    pub odd: Vec<(String, Expression)>,
    #[serde(default = "read::yes")]
    pub required: bool,
    /// The table that Spark reads in place of what is loaded: `lake.orders`.
    #[serde(default, deserialize_with = "read::maybe_text")]
    pub remote: Option<String>,
}

/// A column as it stands in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenColumn {
    #[serde(default, rename = "type", deserialize_with = "sql_type")]
    sql_type: Option<String>,
    #[serde(default, deserialize_with = "read::description")]
    description: String,
    #[serde(default)]
    known_at: Option<Expression>,
    #[serde(default)]
    as_of: Option<Expression>,
    #[serde(default, rename = "static")]
    is_static: bool,
    #[serde(default, rename = "derived")]
    is_derived: bool,
    digits: Option<usize>,
}

impl SourceSpec {
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let config = Config::new(rendered, source);
        let mut spec: Self = config.read()?;
        if spec.is_static && spec.known_at.is_some() {
            return Err(config
                .wrong("static", "give `known_at` or `static`, not both")
                .hint("the rows of a static source are always known; those of another one from `known_at` on")
                .into());
        }
        if !spec.is_static && spec.known_at.is_none() {
            let message = "a source says when its rows became known: `known_at = '…'` or `static = true`";
            let hint = "known_at is an expression over the row, for example 'order_purchase_timestamp'";
            return Err(Problem { message: message.to_owned(), ..config.missing("", "known_at") }
                .hint(hint)
                .into());
        }
        for (name, column) in std::mem::take(&mut spec.given_columns) {
            spec.columns.push(read_column(&config, name, column)?);
        }
        let mut keys = spec.key.iter().enumerate();
        if let Some((at, name)) = keys.find(|(_, name)| spec.column(name).is_none()) {
            let near = nearest(name, spec.columns.iter().map(|column| column.name.as_str()));
            return Err(config
                .wrong(&format!("key.{at}"), format!("there is no column `{name}`"))
                .maybe_hint(near.map(|near| format!("did you mean `{near}`?")))
                .into());
        }
        Ok(spec)
    }

    /// The columns that the file has.
    pub fn in_file(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.is_derived)
    }

    /// Which rows were known at `reference_date`; none where all are.
    pub fn known_rows(&self) -> Option<&'static str> {
        self.known_at.is_some().then_some("known_at < reference_date")
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// The file that says what source `name` is.
pub fn source_file(name: &str) -> String {
    format!("queries/sources/{name}.sql")
}

/// Names of types that hold one value each, as DuckDB knows them.
const TYPES: &str = "varchar text string char bpchar integer int bigint smallint tinyint hugeint int1 int2 int4 int8 \
    uinteger ubigint usmallint utinyint uhugeint double float real float4 float8 decimal numeric boolean bool date time \
    timestamp timestamptz datetime interval uuid json";
const NESTED: &str = "blob bytea bit bitstring enum struct row map union list array";

/// Whether the first word of `sql_type` is the name of a type: `decimal(12, 2)`, `varchar[]`.
fn is_type(sql_type: &str) -> bool {
    let lower = sql_type.trim().to_ascii_lowercase();
    let name = lower.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    TYPES.split(' ').chain(NESTED.split(' ')).any(|known| known == name) || name.starts_with("timestamp_")
}

fn sql_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = read::text(deserializer)?;
    if is_type(&name) {
        return Ok(Some(name));
    }
    let hint = suggest(&name.to_ascii_lowercase(), TYPES.split(' ')).unwrap_or_default();
    Err(D::Error::custom(format!("there is no type `{name}`\n{hint}")))
}

fn read_column(config: &Config<'_>, name: String, given: GivenColumn) -> Result<Column> {
    let path = format!("columns.{name}");
    let when = match (given.known_at, given.as_of) {
        (None, None) => When::WithRow,
        (Some(expression), None) => When::KnownAt(expression),
        (None, Some(expression)) => When::AsOf(expression),
        (Some(_), Some(_)) => {
            return Err(config.wrong(&format!("{path}.as_of"), "give known_at or as_of, not both").into());
        }
    };
    // The SELECT decides the type of what it makes.
    if !given.is_derived && given.sql_type.is_none() {
        return Err(config.missing(&path, "type").into());
    }
    let GivenColumn { description, is_static, is_derived, digits, .. } = given;
    let sql_type = given.sql_type.unwrap_or_default();
    if digits.is_some() && (is_derived || !sql_type.eq_ignore_ascii_case("varchar")) {
        let what = "leading zeros are kept in a column of the file that is varchar";
        return Err(config.wrong(&format!("{path}.digits"), what).into());
    }
    Ok(Column { name, sql_type, description, when, is_static, is_derived, digits })
}
