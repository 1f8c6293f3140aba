//! A source and its columns, as the audits of queries/audits/ see them.

use serde::Serialize;

use crate::config::SourceSpec;

/// A source: `this` and `other`.
#[derive(Serialize)]
pub struct Seen<'a> {
    pub name: &'a str,
    pub key: &'a [String],
    known_at: Option<&'a str>,
    is_static: bool,
    /// Its rows are known at one of its own columns.
    has_own_moment: bool,
    column_names: Vec<&'a str>,
    /// Times that come after the row: their columns have a `known_at` of their own.
    later_moments: Vec<SeenColumn<'a>>,
    /// Times that are no news, as a promise is.
    promises: Vec<&'a str>,
    #[serde(skip)]
    pub columns: Vec<SeenColumn<'a>>,
}

impl<'a> Seen<'a> {
    pub fn new(name: &'a str, spec: &'a SourceSpec, loaded: &'a [(String, String)]) -> Self {
        let known_at = spec.known_at.as_deref();
        let columns: Vec<SeenColumn<'_>> =
            loaded.iter().map(|column| SeenColumn::new(spec, column)).collect();
        let is_later = |column: &&SeenColumn<'_>| {
            column.is_time && column.known_at.is_some() && known_at != Some(column.name)
        };
        let is_promise = |column: &&SeenColumn<'_>| column.is_time && column.is_static;
        Self {
            name,
            key: &spec.key,
            known_at,
            is_static: known_at.is_none(),
            has_own_moment: known_at.is_some_and(|moment| spec.column(moment).is_some()),
            column_names: loaded.iter().map(|(name, _)| name.as_str()).collect(),
            later_moments: columns.iter().filter(is_later).cloned().collect(),
            promises: columns.iter().filter(is_promise).map(|column| column.name).collect(),
            columns,
        }
    }
}

/// A column: `column` and `moment`.
#[expect(clippy::struct_excessive_bools, reason = "each is a variable of the audits' templates")]
#[derive(Serialize, Default, Clone)]
pub struct SeenColumn<'a> {
    pub name: &'a str,
    #[serde(rename = "type")]
    sql_type: &'a str,
    pub known_at: Option<&'a str>,
    pub as_of: Option<&'a str>,
    pub is_static: bool,
    is_time: bool,
    is_key: bool,
    /// The config says something of it.
    is_declared: bool,
}

impl<'a> SeenColumn<'a> {
    /// The same column with another `as_of`.
    pub fn with_as_of<'b>(&self, as_of: &'b str) -> SeenColumn<'b>
    where
        'a: 'b,
    {
        SeenColumn { as_of: Some(as_of), ..self.clone() }
    }

    fn new(spec: &'a SourceSpec, (name, sql_type): &'a (String, String)) -> Self {
        let declared = spec.column(name);
        Self {
            name,
            sql_type,
            known_at: declared.and_then(|column| column.known_at.as_deref()),
            as_of: declared.and_then(|column| column.as_of.as_deref()),
            is_static: declared.is_some_and(|column| column.is_static),
            is_time: sql_type.starts_with("DATE") || sql_type.starts_with("TIMESTAMP"),
            is_key: spec.key.contains(name),
            is_declared: declared.is_some(),
        }
    }
}
