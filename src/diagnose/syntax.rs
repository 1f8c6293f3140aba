//! What in a text makes that DuckDB cannot read it.

use crate::sql::{Brackets, Token, lexemes, tokens};

/// The quote or bracket that makes `sql` unreadable, and what is wrong with it. `stumbled` is where the parser stopped.
pub fn unbalanced(sql: &str, stumbled: usize) -> Option<(usize, String)> {
    let never = |start: usize, opener: &str| Some((start, format!("this `{opener}` is never closed")));
    let (tokens, unclosed) = lexemes(sql);
    let mut brackets = Brackets::default();
    let mut at_stop = None;
    for token in tokens.iter().filter(|token| !token.is_space()) {
        let start = token.range.start;
        if start >= stumbled && at_stop.is_none() {
            at_stop = brackets.0.last().copied();
        }
        match brackets.read(start, token.text) {
            Ok(()) => {}
            Err(Some((start, other))) => return never(start, other),
            Err(None) => return Some((start, format!("this `{}` closes nothing", token.text))),
        }
    }
    if let Some(start) = unclosed {
        let start = start + sql[start..].find(|c: char| !c.is_whitespace()).unwrap_or(0);
        let mark = if sql[start..].starts_with("/*") { "/*" } else { sql.get(start..=start).unwrap_or("'") };
        return never(odd_quote(sql, mark).unwrap_or(start), mark);
    }
    // Where several are open at the end, the one the parser was in when it stopped.
    let last = *brackets.0.last()?;
    let (start, opener) = at_stop.unwrap_or(last);
    never(start, opener)
}

/// The quotes of the lines before an open one pair up only by chance: the first line with an odd number has the one.
fn odd_quote(sql: &str, mark: &str) -> Option<usize> {
    let mut from = 0;
    for line in sql.split_inclusive('\n') {
        let code = line.split("--").next().unwrap_or(line);
        if mark != "/*" && code.matches(mark).count() % 2 == 1 {
            return Some(from + code.rfind(mark).unwrap_or(0));
        }
        from += line.len();
    }
    None
}

/// Where the first word or sign inside the most brackets begins.
pub fn deepest(sql: &str) -> Option<usize> {
    let deepest = tokens(sql).into_iter().rev().max_by_key(|token| token.depth)?;
    Some(deepest.range.start)
}

/// Where the first `?` or `$name` stands.
pub fn parameter(sql: &str) -> Option<usize> {
    let is_one = |text: &str| text.starts_with('?') || text.starts_with('$') && !text.starts_with("$$");
    tokens(sql).into_iter().map(|token| token.range.start).find(|&at| is_one(&sql[at..]))
}

/// Where a name that ends `message` is given a second time by `… as (`.
pub fn named_again(sql: &str, message: &str) -> Option<usize> {
    let name = message.rsplit(' ').next()?.trim_matches('"');
    let tokens = tokens(sql);
    let is = |token: &Token<'_>, word: &str| token.text.trim_matches('"').eq_ignore_ascii_case(word);
    let mut named = tokens.windows(3).filter(|it| is(&it[0], name) && is(&it[1], "as") && is(&it[2], "("));
    named.nth(1).map(|it| it[0].range.start)
}

/// Where the word or sign before byte `at` begins; `at` itself where nothing is before it.
pub fn token_before(sql: &str, at: usize) -> usize {
    tokens(sql).into_iter().rfind(|token| token.range.end <= at).map_or(at, |token| token.range.start)
}
