//! Where an error is of which DuckDB does not say where: the parts of the query are tried one by one.

use std::time::{Duration, Instant};

use super::search::Search;
use crate::sql::scan;
use crate::warehouse::{SqlError, Warehouse};

/// Looking for the place of an error must not take longer than anyone waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a message names, and how it is written.
const SIGNS: [(&str, &[&str]); 13] = [
    ("Overflow in multiplication", &["*"]),
    ("Overflow in addition", &["+"]),
    ("Overflow in subtraction", &["-"]),
    ("Overflow in division", &["/"]),
    ("More than one row returned by a subquery", &["select"]),
    ("format specifier", &["strptime", "strftime", "try_strptime"]),
    ("logarithm", &["ln", "log", "log10", "log2"]),
    ("square root", &["sqrt"]),
    ("Sequence exceeds", &["generate_series", "range"]),
    ("interval cannot be 0", &["generate_series", "range"]),
    ("GROUP BY term", &["group"]),
    ("ORDER BY term", &["order"]),
    ("Sample sample_size", &["sample"]),
];

impl Warehouse {
    /// The error with a place in `sql`, the query that gave it: brackets are counted, and parts are tried alone.
    #[must_use]
    pub fn placed(&self, sql: &str, mut error: SqlError) -> SqlError {
        let stumbled = error.position.unwrap_or(sql.len());
        if error.message.starts_with("Max expression depth") {
            error.position = scan::deepest(sql);
            "an expression is nested deeper than 1000 levels".clone_into(&mut error.message);
            return error;
        }
        let is_syntax = error.position.is_some() || error.message.contains("syntax error");
        if error.class == "Parser" && is_syntax {
            if let Some((at, what)) = scan::unbalanced(sql, stumbled) {
                // A bracket that is never closed stands before the place where that shows. One that closes nothing may
                // stand long behind the place where its other half is missing.
                if at > stumbled && what.ends_with("closes nothing") {
                    error.also = Some((at, what));
                } else {
                    let shows = error.position.filter(|there| *there != at && *there < sql.len());
                    error.also = shows.map(|there| (there, "which shows".to_owned()));
                    error.position = Some(at);
                    error.message = what;
                }
            } else if stumbled >= sql.trim_end().len() {
                error.position = Some(scan::last_token(sql));
                "the query ends too early".clone_into(&mut error.message);
            }
            return error;
        }
        if error.message.starts_with("Wrong number of parameters") {
            error.position = scan::parameter(sql);
            "this parameter has no value".clone_into(&mut error.message);
        }
        if error.message.starts_with("Duplicate CTE name") {
            error.position = scan::named_again(sql, &error.message);
        }
        if error.position.is_some() || error.class == "Statement" {
            return error;
        }
        // The transaction of the failed query is over: another connection tries.
        if let Ok(other) = self.another() {
            let fails_early = super::describe(&other, sql).is_err_and(|early| early.is_like(&error));
            let until = Instant::now() + PATIENCE;
            let search = Search { warehouse: &other, error: &error, until, fails_early };
            // What works alone failed for what was put around it.
            let fails = search.all_of("", &format!("(\n{sql}\n)"), "q");
            error.position = fails.then(|| search.within("", sql, 0)).flatten();
        }
        error
    }
}

/// Where `text` has what the message of `error` speaks of.
pub fn sign(error: &SqlError, text: &str) -> Option<usize> {
    let message = &error.message;
    let (tokens, _) = scan::tokens(text);
    let find = |is_it: &dyn Fn(&str) -> bool| {
        tokens.iter().find(|token| is_it(&text[token.range.clone()])).map(|token| token.range.start)
    };
    if let Some((_, signs)) = SIGNS.iter().find(|(part, _)| message.contains(part)) {
        return find(&|word| signs.iter().any(|sign| word.eq_ignore_ascii_case(sign)));
    }
    // Else the texts and the names that the message has in quotes.
    let texts: Vec<&str> = message.split('\'').skip(1).step_by(2).collect();
    let names: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    let is_text = |word: &str| {
        word.strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .is_some_and(|text| texts.contains(&text))
    };
    let is_name =
        |word: &str| names.iter().any(|name| word.trim_matches(['"', '\'']).eq_ignore_ascii_case(name));
    find(&is_text).or_else(|| find(&is_name))
}

/// The text of `text` that is the message, as of `error('no')`, or its end, as in `missing ): (a`.
pub fn literal(error: &SqlError, text: &str) -> Option<usize> {
    let message = error.message.trim();
    let end = message.rsplit_once(": ").map_or(message, |(_, end)| end);
    let (tokens, _) = scan::tokens(text);
    let is_it = |word: &str| [message, end].iter().any(|wanted| word == crate::warehouse::text(wanted));
    tokens.into_iter().find(|token| is_it(&text[token.range.clone()])).map(|token| token.range.start)
}
