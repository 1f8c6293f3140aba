//! `queries/sources/<name>.sql`: from which file a source is read, and when each value became known.

use anyhow::Result;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::read::{self, Config};
use crate::problem::{Problem, nearest, suggest};
use crate::sql::Expression;
use crate::template::Rendered;

/// One column of the file. Its value becomes known with its row, or as one of two expressions over the row says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    #[serde(skip)]
    pub name: String,
    /// Empty of a derived one, unless it is given: the SELECT decides.
    #[serde(default, rename = "type", deserialize_with = "sql_type")]
    pub sql_type: String,
    #[serde(default, deserialize_with = "read::description")]
    pub description: String,
    /// Before the reference date only if this is.
    #[serde(default)]
    pub known_at: Option<Expression>,
    /// Rewritten in place: this gives the value as of `reference_date`.
    #[serde(default)]
    pub as_of: Option<Expression>,
    /// A date or time that is itself no news: promised, planned, or known with its row.
    #[serde(default, rename = "static")]
    pub is_static: bool,
    /// Made by the SELECT, and not in the file.
    #[serde(default, rename = "derived")]
    pub is_derived: bool,
    /// Of a code of so many digits: leading zeros that a file has lost are put back.
    pub digits: Option<usize>,
}

impl Column {
    /// The key of the config that says when its value became known, and the expression.
    pub fn moment(&self) -> Option<(&'static str, &Expression)> {
        let known_at = self.known_at.as_ref().map(|moment| ("known_at", moment));
        known_at.or_else(|| Some(("as_of", self.as_of.as_ref()?)))
    }

    /// What stands before and behind that expression in an item of SELECT that gives `quoted`, its identifier, as it was
    /// known at `reference_date`.
    pub fn around(&self, quoted: &str) -> (&'static str, String) {
        match (&self.known_at, &self.as_of) {
            (Some(_), _) => ("case when (", format!(") < reference_date then {quoted} end as {quoted}")),
            (None, Some(_)) => ("(", format!(") as {quoted}")),
            (None, None) => ("", quoted.to_owned()),
        }
    }

    fn check(&self, config: &Config<'_>) -> Result<(), Problem> {
        let path = format!("columns.{}", self.name);
        if self.known_at.is_some() && self.as_of.is_some() {
            return Err(config.wrong(&format!("{path}.as_of"), "give known_at or as_of, not both"));
        }
        if !self.is_derived && self.sql_type.is_empty() {
            return Err(config.missing(&path, "type"));
        }
        if self.digits.is_some() && (self.is_derived || !self.sql_type.eq_ignore_ascii_case("varchar")) {
            let what = "leading zeros are kept in a column of the file that is varchar";
            return Err(config.wrong(&format!("{path}.digits"), what));
        }
        Ok(())
    }
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
    #[serde(deserialize_with = "columns")]
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

impl SourceSpec {
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let config = Config::new(rendered, source);
        let spec: Self = config.read()?;
        if spec.is_static && spec.known_at.is_some() {
            let hint =
                "the rows of a static source are always known; those of another one from `known_at` on";
            return Err(config.wrong("static", "give `known_at` or `static`, not both").hint(hint).into());
        }
        if !spec.is_static && spec.known_at.is_none() {
            let message = "a source says when its rows became known: `known_at = '…'` or `static = true`";
            let hint = "known_at is an expression over the row, for example 'order_purchase_timestamp'";
            let problem = Problem { message: message.to_owned(), ..config.missing("", "known_at") };
            return Err(problem.hint(hint).into());
        }
        spec.columns.iter().try_for_each(|column| column.check(&config))?;
        let mut keys = spec.key.iter().enumerate();
        if let Some((at, name)) = keys.find(|(_, name)| spec.column(name).is_none()) {
            let near = nearest(name, spec.columns.iter().map(|column| column.name.as_str()));
            let wrong = config.wrong(&format!("key.{at}"), format!("there is no column `{name}`"));
            return Err(wrong.maybe_hint(near.map(|near| format!("did you mean `{near}`?"))).into());
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

fn columns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Column>, D::Error> {
    let named = |(name, column)| Column { name, ..column };
    Ok(read::some_pairs(deserializer)?.into_iter().map(named).collect())
}

fn sql_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = read::text(deserializer)?;
    if is_type(&name) {
        return Ok(name);
    }
    let hint = suggest(&name.to_ascii_lowercase(), TYPES.split(' ')).unwrap_or_default();
    Err(D::Error::custom(format!("there is no type `{name}`\n{hint}")))
}
