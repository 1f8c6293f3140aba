//! Where an error is.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::search::Search;
use super::syntax;
use crate::sql::tree::{self, extent, leftmost, list, lower, texts};
use crate::sql::{SqlError, tokens};
use crate::template::MISSING_COMMA;
use crate::warehouse::{Warehouse, text};

/// Looking for the place of an error must not take longer than anyone waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a message speaks of, and how it is written.
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

/// The error with a place in `sql`, the query that gave it: brackets are counted, and parts are tried alone.
pub fn placed(warehouse: &Warehouse, sql: &str, mut error: SqlError) -> SqlError {
    if error.message.starts_with("Max expression depth") {
        error.position = syntax::deepest(sql);
        "an expression is nested deeper than 1000 levels".clone_into(&mut error.message);
        return error;
    }
    let is_syntax = error.position.is_some() || error.message.contains("syntax error");
    if error.class == "Parser" && is_syntax {
        return unreadable(sql, error);
    }
    if error.message.starts_with("Wrong number of parameters") {
        error.position = syntax::parameter(sql);
        "this parameter has no value".clone_into(&mut error.message);
    }
    if error.message.contains("types '&&(") {
        let sign = error.position.and_then(|at| Some(at + sql.get(at..)?.find("&&")?));
        error.position = sign.or(error.position);
    }
    if error.message.starts_with("Duplicate CTE name") {
        error.position = syntax::named_again(sql, &error.message);
    }
    if error.message.starts_with("WHERE clause cannot contain") {
        error.position = error.position.and_then(|at| in_where(sql, at)).or(error.position);
    }
    if error.position.is_some() || error.class == "Statement" {
        return error;
    }
    // The transaction of the failed query is over: another connection tries.
    if let Ok(other) = warehouse.another() {
        let fails_early = super::describe(&other, sql).is_err_and(|early| early.is_like(&error));
        let until = Instant::now() + PATIENCE;
        error.position = Search { warehouse: &other, error: &error, sql, until, fails_early }.place();
    }
    error
}

/// Where a WHERE uses the name of the item at byte `at`: DuckDB has put the item in its place.
fn in_where(sql: &str, at: usize) -> Option<usize> {
    let is_it = |item: &&Json| extent(item).is_some_and(|range| range.contains(&at));
    tree::nodes(&tree::query(sql).ok()?).find_map(|select| {
        let name = lower(&list(&select["select_list"]).iter().find(is_it)?["alias"]);
        let mut used = tree::column_refs(&select["where_clause"]);
        leftmost(used.find(|column| texts(&column["column_names"]).eq([&*name]))?)
    })
}

fn unreadable(sql: &str, mut error: SqlError) -> SqlError {
    let stumbled = error.position.unwrap_or(sql.len());
    let is = |at, what: &str, error| SqlError { position: Some(at), message: what.to_owned(), ..error };
    // What a macro is called that was written out and not called.
    if let Some((at, what)) = syntax::uncalled_macro(sql) {
        return is(at, &what, error);
    }
    if let Some((at, what)) = syntax::unbalanced(sql, stumbled) {
        // A bracket that is never closed stands before the place where that shows. One that closes nothing may stand long
        // behind the place where its other half is missing.
        if at > stumbled && what.ends_with("closes nothing") {
            error.also = Some((at, what));
            return error;
        }
        let shows = error.position.filter(|there| *there != at && *there < sql.len());
        error.also = shows.map(|there| (there, "which shows".to_owned()));
        return is(at, &what, error);
    }
    let comma = || syntax::missing_comma(sql).map(|at| (at, MISSING_COMMA));
    let join = || Some((syntax::join_without_condition(sql, stumbled)?, "this join has no `on …`"));
    if let Some((at, what)) = comma().or_else(join) {
        return is(at, what, error);
    }
    if stumbled >= sql.trim_end().len() {
        return is(syntax::token_before(sql, sql.len()), "the query ends too early", error);
    }
    error
}

/// Where `part` has what the message of `error` speaks of.
pub fn sign(error: &SqlError, part: &str) -> Option<usize> {
    let message = &error.message;
    let tokens = tokens(part);
    let find = |is_it: &dyn Fn(&str) -> bool| {
        tokens.iter().find(|token| is_it(token.text)).map(|token| token.range.start)
    };
    if let Some((_, signs)) = SIGNS.iter().find(|(start, _)| message.contains(start)) {
        return find(&|word| signs.iter().any(|sign| word.eq_ignore_ascii_case(sign)));
    }
    // Else the texts and the names that the message has in quotes.
    let quoted = |quote: char| message.split(quote).skip(1).step_by(2);
    let is_text = |word: &str| word.starts_with('\'') && quoted('\'').any(|text| word == format!("'{text}'"));
    let is_name =
        |word: &str| quoted('"').any(|name| word.trim_matches(['"', '\'']).eq_ignore_ascii_case(name));
    find(&is_text).or_else(|| find(&is_name))
}

/// The text in `part` that is the message, as of `error('no')`, or its end, as in `missing ): (a`.
pub fn literal(error: &SqlError, part: &str) -> Option<usize> {
    let message = error.message.trim();
    let end = message.rsplit_once(": ").map_or(message, |(_, end)| end);
    let wanted = [text(message), text(end)];
    let tokens = tokens(part);
    Some(tokens.iter().find(|token| wanted.iter().any(|text| text == token.text))?.range.start)
}
