//! DuckDB's errors, read from its JSON form.

use std::fmt;

use serde_json::Value;

/// How DuckDB begins to speak of settings.
const ADVICE: [&str; 2] = [" Use TRY(", " SET "];

/// How the names of its own tables begin.
const SYSTEM: [&str; 5] = ["sqlite_", "pg_", "duckdb_", "pragma_", "information_schema"];

/// The class of what was stopped.
const INTERRUPT: &str = "Interrupt";

/// One error of DuckDB.
#[derive(Debug, Clone, Default)]
pub struct SqlError {
    /// `Binder`, `Parser`, `Conversion`, `Constraint`, …
    pub class: String,
    pub message: String,
    /// Byte offset in the SQL that was run.
    pub position: Option<usize>,
    pub candidates: Option<String>,
    /// A second place that belongs to it, and what is there.
    pub also: Option<(usize, String)>,
}

impl From<duckdb::Error> for SqlError {
    fn from(error: duckdb::Error) -> Self {
        let full = match error {
            duckdb::Error::DuckDBFailure(_, Some(message)) => message,
            other => other.to_string(),
        };
        let json = full.find('{').and_then(|start| serde_json::from_str::<Value>(full[start..].trim()).ok());
        let field = |name: &str| json.as_ref().and_then(|map| map.get(name)?.as_str().map(str::to_owned));
        Self {
            class: field("exception_type").unwrap_or_default(),
            message: field("exception_message").unwrap_or(full),
            position: field("position").and_then(|position| position.parse().ok()),
            candidates: field("candidates"),
            also: None,
        }
    }
}

impl SqlError {
    /// Of a text that is not what it has to be.
    pub fn statement(message: &str, position: Option<usize>) -> Self {
        let (class, message) = ("Statement".to_owned(), message.to_owned());
        Self { class, message, position, ..Self::default() }
    }

    /// A statement that was not begun, because of a signal or a time limit.
    pub fn interrupted() -> Self {
        Self { class: INTERRUPT.to_owned(), ..Self::statement("interrupted", None) }
    }

    /// Whether it says nothing of the SQL: it was stopped.
    pub fn is_interrupt(&self) -> bool {
        self.class.eq_ignore_ascii_case(INTERRUPT)
    }

    /// Why `json_serialize_sql` gave no tree.
    pub fn of_tree(json: &Value) -> Self {
        let field = |name: &str| json[name].as_str().unwrap_or_default();
        let class = if field("error_type") == "parser" { "Parser" } else { field("error_type") };
        Self {
            class: class.to_owned(),
            position: field("position").parse().ok(),
            ..Self::statement(field("error_message"), None)
        }
    }

    /// The same error in a text that starts `by` bytes later.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.position = self.position.and_then(|position| position.checked_sub(by));
        self
    }

    /// Whether it is the same mistake. Words after the first may be of another row, and so may those of `error(…)` be,
    /// after the first letter.
    pub fn is_like(&self, other: &Self) -> bool {
        let start = |error: &Self| {
            let first = error.message.split([' ', ':']).next().unwrap_or_default();
            let length = if error.class == "Invalid Input" { 1 } else { first.len() };
            first.chars().take(length).collect::<String>()
        };
        self.class == other.class && start(self) == start(other)
    }

    /// Whether the database file itself cannot be read.
    pub fn is_damage(&self) -> bool {
        let signs = ["Corrupt database file", "Could not read enough bytes", "database has been invalidated"];
        self.class == "Data Corruption" || signs.iter().any(|sign| self.message.contains(sign))
    }

    /// What DuckDB found near a name that is not there.
    pub fn near(&self) -> Option<String> {
        /// Signatures of a function: more of them are not read.
        const MOST: usize = 4;
        // The system's own tables are nobody's mistake.
        let is_ours =
            |names: &&str| !names.is_empty() && !SYSTEM.iter().any(|start| names.starts_with(start));
        if let Some(near) = self.candidates.as_deref().filter(is_ours) {
            let Some((function, _)) = near.split_once('(') else {
                return Some(format!("near it there is: {}", near.replace(',', ", ")));
            };
            let all: Vec<&str> = near.split(&format!(",{function}(")).collect();
            let some = all.iter().take(MOST).copied().collect::<Vec<_>>().join(&format!(", {function}("));
            return Some(format!("there is {some}{}", if all.len() > MOST { ", …" } else { "" }));
        }
        let marks = ["Candidate bindings: ", "Candidate tables: "];
        let (_, near) = marks.iter().find_map(|mark| self.message.split_once(mark))?;
        Some(format!("near it there is: {}", near.lines().next()?.replace('"', "")))
    }

    /// The first sentence, without DuckDB's advice on settings that an analyst does not have.
    pub fn headline(&self) -> String {
        let mut lines = self.message.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut headline = lines.next().unwrap_or("DuckDB gave no message").to_owned();
        // A conversion error says in its second line what could not be converted.
        if headline.ends_with(':') {
            headline.push(' ');
            headline.push_str(lines.next().unwrap_or_default());
        }
        if let Some(at) = ADVICE.iter().find_map(|start| headline.find(start)) {
            headline.truncate(at);
        }
        headline
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_damage() {
            return write!(f, "the database is damaged: {}\n\nhint: {DAMAGED}", self.headline());
        }
        write!(f, "{} error: {}", self.class, self.headline())
    }
}

impl std::error::Error for SqlError {}

/// What to do about a file that cannot be read any more.
pub const DAMAGED: &str =
    "take a copy of it that is whole, or name a new file with --database and load again";
