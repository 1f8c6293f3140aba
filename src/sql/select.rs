//! What an analyst wrote becomes part of a statement only as one of these: one SELECT, or one expression.
//!
//! `duckdb::Connection::prepare` runs every statement of its text but the last, and a text that closes a bracket which
//! somebody else opened may hold any statement. So DuckDB parses the text by itself first, and says what it is.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::NaiveDate;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::error::SqlError;
use super::tokens::{Brackets, starts, tokens};
use super::tree::{self, list, lower};

/// Functions in FROM that make rows of their arguments alone.
pub const HARMLESS: [&str; 9] = [
    "generate_series",
    "generate_subscripts",
    "json_each",
    "json_tree",
    "range",
    "regexp_split_to_table",
    "repeat",
    "repeat_row",
    "unnest",
];

/// Those that say what is in the database, each the start of a name.
const TELLING: [&str; 4] = ["duckdb_", "histogram", "pragma_", "summary"];

/// Of these, what tells of the machine.
const SECRET: [&str; 4] =
    ["duckdb_secrets", "duckdb_logs", "duckdb_logs_parsed", "duckdb_external_file_cache"];

/// Functions that write, wherever they stand.
const WRITING: [&str; 3] = ["nextval", "setval", "write_log"];

/// Kinds of queries that only read: one may also insert, update or delete.
const READING: [&str; 4] = ["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"];

/// A text that is yet to be proven: it is no `Display`, so that it is put into no statement by accident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven(pub String);

impl Deref for Unproven {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// One SELECT, which reads tables and nothing else; or such a one with more of the tool's own around it.
#[derive(Debug, Clone)]
pub struct Select {
    sql: String,
    /// Where the analyst's text begins in it.
    start: usize,
}

impl Select {
    pub fn of(text: &str) -> Result<Self, SqlError> {
        let tree = tree::parse(text)?;
        let statements = list(&tree["statements"]).len();
        if statements != 1 {
            let what = if statements == 0 { "there is no query here" } else { "one query at a time" };
            let starts = starts(text);
            return Err(SqlError::statement(what, starts.get(1).or(starts.first()).copied()));
        }
        tree::nodes(&tree).try_for_each(check)?;
        Ok(Self { sql: text.to_owned(), start: 0 })
    }

    /// As `of`, of a text that was proven before if it differs from an earlier one by its `date` alone: digits in
    /// place of digits leave each token what it is.
    pub fn dated(text: &str, date: Option<NaiveDate>) -> Result<Self, SqlError> {
        static PROVEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        let proven = || PROVEN.lock().unwrap_or_else(PoisonError::into_inner);
        let plain =
            date.map_or_else(|| text.to_owned(), |date| text.replace(&date.to_string(), "2001-01-01"));
        if proven().contains(&plain) {
            return Ok(Self { sql: text.to_owned(), start: 0 });
        }
        let select = Self::of(text)?;
        proven().insert(plain);
        Ok(select)
    }

    /// With something around it, in which errors keep their place in the analyst's text.
    #[must_use]
    pub fn within(&self, head: &str, tail: &str) -> Self {
        Self { sql: format!("{head}{}{tail}", self.sql), start: head.len() + self.start }
    }

    /// An expression over its columns: `head`, the expression, `tail`, and then its rows. Errors have their place in the
    /// expression.
    #[must_use]
    pub fn computing(&self, head: &str, expression: &Expression, tail: &str) -> Self {
        Self { sql: format!("{head}{expression}{tail} from (\n{self}\n) as q"), start: head.len() }
    }

    /// Where the analyst's text begins.
    pub fn start(&self) -> usize {
        self.start
    }

    pub fn as_str(&self) -> &str {
        &self.sql
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

/// One expression over the columns of a query.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Expression(String);

/// How the message of serde begins where a text is no expression, before the byte at which it is not.
pub const AT_BYTE: &str = "at byte ";

impl Expression {
    /// # Errors
    /// The place counts from the start of `text`.
    pub fn of(text: &str) -> Result<Self, SqlError> {
        const HEAD: &str = "select (";
        static PLAIN: OnceLock<(usize, Json)> = OnceLock::new();
        let wrong = |at| SqlError::statement("this is not one expression", Some(at));
        let tokens = tokens(text);
        if tokens.is_empty() {
            return Err(SqlError::statement("it is empty", None));
        }
        let mut tree = tree::parse(&format!("{HEAD}{text})")).map_err(|error| error.shifted(HEAD.len()))?;
        let allowed = tree::nodes(&tree).try_for_each(check).map_err(|error| error.shifted(HEAD.len()));
        let bare = |tree: &mut Json| {
            let node = &mut tree["statements"][0]["node"];
            let items = list(&node["select_list"].take()).len();
            (items, node.take())
        };
        let plain = PLAIN.get_or_init(|| bare(&mut tree::parse("select (1)").unwrap_or_default()));
        if list(&tree["statements"]).len() != 1 || bare(&mut tree) != *plain {
            return Err(wrong(0));
        }
        // What closes a bracket that it did not open would end what is put around it.
        let mut brackets = Brackets::default();
        for token in tokens {
            let ends = token.text == ";" || token.text == "," && token.depth == 0;
            if ends || brackets.read(token.range.start, token.text).is_err() {
                return Err(wrong(token.range.start));
            }
        }
        allowed.map(|()| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::of(&text).map_err(|error| {
            D::Error::custom(format!("{AT_BYTE}{}: {}", error.position.unwrap_or(0), error.headline()))
        })
    }
}

impl Deref for Expression {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Where the statement of `text` begins that is no SELECT.
pub(super) fn other_statement(text: &str) -> Option<usize> {
    let starts = starts(text);
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let is_other = |(start, end): &(&usize, usize)| {
        tree::parse_json(&text[**start..*end]).is_ok_and(|tree| tree["error"] == Json::Bool(true))
    };
    starts.iter().zip(ends).find(is_other).map(|(start, _)| *start)
}

/// Fails where `node` writes, or reads what is no table.
fn check(node: &Json) -> Result<(), SqlError> {
    let wrong = |message: &str| Err(SqlError::statement(message, tree::position(node)));
    let kind = node["type"].as_str().unwrap_or_default();
    if kind.ends_with("_NODE") && !READING.contains(&kind) {
        return wrong("a query only reads: this one writes");
    }
    if kind == "TABLE_FUNCTION" {
        let (function, schema) = (&node["function"], lower(&node["function"]["schema"]));
        let name = lower(&function["function_name"]);
        let is_telling = TELLING.iter().any(|start| name.starts_with(start)) && !SECRET.contains(&&*name);
        let is_known = schema == "sources" || HARMLESS.contains(&&*name) || is_telling;
        if !is_known && tree::is_table_function(&name) {
            return wrong(&format!("`{name}(…)` reads what is no table of the database"));
        }
    }
    let name = lower(&node["function_name"]);
    if kind == "FUNCTION" && WRITING.contains(&&*name) {
        return wrong(&format!("a query only reads: `{name}` writes"));
    }
    Ok(())
}
