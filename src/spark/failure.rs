//! What Spark says went wrong.

use crate::interrupt;
use crate::problem::{Kind, Problem};

/// What is told of the server itself ends a run; the rest is one table's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It does not answer, or does not know this session any more.
    Gone,
    /// It refuses the login.
    Refused,
    OutOfMemory,
    /// By a signal, or by somebody else.
    Stopped,
    /// Longer than it may take.
    Late,
    /// The query itself.
    Query,
    /// Rows of the query: a cast, a division.
    Rows,
    /// Anything else.
    Failed,
}

/// One error of Spark.
#[derive(Debug, Clone)]
pub struct Failure {
    pub why: Why,
    pub message: String,
    /// Line and column in the SQL that was run, from 1.
    pub at: Option<(usize, usize)>,
}

impl Failure {
    pub fn new(why: Why, message: &str) -> Self {
        Self { why, message: headline(message), at: position(message) }
    }

    /// The problem that it is, beside its place; `server` is the address without what is secret.
    pub fn problem(&self, server: &str) -> Problem {
        let said = &self.message;
        match self.why {
            Why::Stopped if interrupt::is_raised() => {
                interrupt::problem("interrupted: what was at work on Spark is stopped")
            }
            Why::Stopped => Problem::usage(format!("Spark stopped the query: {said}"))
                .hint("somebody cancelled it, or the server shut down; the same command goes on from here"),
            Why::Gone => Problem::usage(format!("the Spark server {server} does not answer: {said}"))
                .hint("is it running, and is the address right? What is finished stays; the same command goes on from here"),
            Why::Refused => Problem::usage(format!("the Spark server {server} refuses: {said}"))
                .hint("`;token=…` and `;use_ssl=true` in the address, as docs/spark.md has them"),
            Why::OutOfMemory => Problem::usage(format!("Spark ran out of memory: {said}"))
                .hint("more memory for its executors, or more `spark.sql.shuffle.partitions`; the same command goes on from here"),
            Why::Late => Problem::data(said.clone()).hint("--time-limit gives it longer; the earlier partition stays"),
            Why::Failed => Problem::usage(format!("Spark failed: {said}"))
                .hint("its log says more; the same command goes on from here"),
            Why::Query => Problem::usage(said.clone()),
            Why::Rows => Problem { kind: Kind::Data, ..Problem::usage(said.clone()) },
        }
    }
}

/// `[CLASS] Sentences. SQLSTATE: 42703; line 2 pos 2; …`, without what is Spark's own.
fn headline(message: &str) -> String {
    let message = message.trim();
    let message = message.find(" SQLSTATE:").map_or(message, |at| &message[..at]);
    let first = message.lines().next().unwrap_or_default().trim();
    if first.is_empty() { "Spark gave no message".to_owned() } else { first.to_owned() }
}

/// Of `line 2 pos 2`, which counts columns from 0, or `line 2, position 3`, which counts them from 1.
fn position(message: &str) -> Option<(usize, usize)> {
    let number = |text: &str| -> Option<usize> {
        text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    message.match_indices("line ").find_map(|(at, word)| {
        let rest = &message[at + word.len()..];
        let line = number(rest)?;
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches([',', ' ']);
        let from_one = rest.strip_prefix("position ").and_then(number);
        let column = from_one.or_else(|| Some(number(rest.strip_prefix("pos ")?)? + 1))?;
        Some((line, column))
    })
}
