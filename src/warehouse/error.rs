//! Why a database file could not be opened.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Error;

use crate::problem::Problem;
use crate::secret;
use crate::sql::{DAMAGED, SqlError};

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
