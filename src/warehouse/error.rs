//! DuckDB's errors, read from its JSON form.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Error;
use serde_json::Value;

use crate::problem::Problem;
use crate::secret;

/// How DuckDB begins to speak of settings.
const ADVICE: [&str; 2] = [" Use TRY(", " SET "];

/// How the names of its own tables begin.
const SYSTEM: [&str; 5] = ["sqlite_", "pg_", "duckdb_", "pragma_", "information_schema"];

/// The class of what was stopped.
const INTERRUPT: &str = "Interrupt";

/// One error of DuckDB.
#[derive(Debug, Clone)]
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

impl SqlError {
    pub fn new(error: &duckdb::Error) -> Self {
        let full = match error {
            duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
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

    /// A statement that was not begun, because of a signal or a time limit.
    pub fn interrupted() -> Self {
        let message = "interrupted".to_owned();
        Self { class: INTERRUPT.to_owned(), message, position: None, candidates: None, also: None }
    }

    /// Whether it says nothing of the SQL: it was stopped.
    pub fn is_interrupt(&self) -> bool {
        self.class.eq_ignore_ascii_case(INTERRUPT)
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
        let after = |mark: &str| {
            self.message.find(mark).map(|at| self.message[at..].lines().next().unwrap_or_default())
        };
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
        let near = after("Candidate bindings: ").or_else(|| after("Candidate tables: "))?.replace('"', "");
        Some(format!("near it there is: {}", near.split_once(": ").map_or(near.as_str(), |(_, names)| names)))
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

/// The process that has a file open: `process 123 (olist run --date …, since Tue Nov 24 10:00:00 2026)`. `None` where the
/// error is another one.
pub fn holder(error: &SqlError) -> Option<String> {
    let message = error.message.as_str();
    if !message.contains("Conflicting lock") {
        return None;
    }
    let pid = message.find("PID ").map(|at| &message[at + 4..])?;
    let pid: String = pid.chars().take_while(char::is_ascii_digit).collect();
    let ask = |what: &str| {
        let output = Command::new("ps").args(["-o", what, "-p", &pid]).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let (command, since) = (ask("args="), ask("lstart="));
    Some(match (command, since) {
        (Some(command), Some(since)) => {
            let command = secret::command(command.split(' ').map(str::to_owned));
            format!("process {pid} (`{command}`, since {since})")
        }
        _ => format!("process {pid}"),
    })
}

/// Why a database file could not be opened, and what to do.
pub fn open_problem(path: &Path, error: SqlError, waited: Duration) -> Error {
    let file = path.display();
    let is_file = !path.exists() || path.is_file();
    let message = error.message.as_str();
    let problem = if message.contains("Conflicting lock") {
        let holder = holder(&error).unwrap_or_else(|| "another process".to_owned());
        let still =
            if waited.is_zero() { String::new() } else { format!(", still after {} s", waited.as_secs()) };
        Problem::usage(format!("`{file}` is in use by {holder}{still}"))
            .hint("--wait 600 waits for it; `olist run --publish FILE` gives those who only read a copy of their own")
    } else if message.contains("not a valid DuckDB database file") || !is_file {
        Problem::usage(format!("`{file}` is not a DuckDB database")).hint("--database FILE names another")
    } else if message.contains("with version number") {
        Problem::usage(format!("`{file}` was written by another version of DuckDB: {}", error.headline()))
            .hint("a newer olist, or the DuckDB that wrote it, can read it")
    } else if error.is_damage() {
        Problem::usage(format!("`{file}` is damaged: {}", error.headline())).hint(DAMAGED)
    } else if message.contains("Cannot open file") || message.contains("No such file") {
        Problem::usage(format!("could not open `{file}`: {}", error.headline()))
            .hint("does its folder exist, and may you write there?")
    } else {
        return Error::from(error).context(format!("could not open `{file}`"));
    };
    problem.into()
}
