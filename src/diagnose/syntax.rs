//! What in a text makes that DuckDB cannot read it.

use crate::sql::tokens;

/// The quote or bracket that makes `sql` unreadable, and what is wrong with it. `stumbled` is where the parser stopped.
pub fn unbalanced(sql: &str, stumbled: usize) -> Option<(usize, String)> {
    let never = |start: usize, opener: &str| Some((start, format!("this `{opener}` is never closed")));
    let (tokens, unclosed) = tokens(sql);
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut at_stop = None;
    for token in &tokens {
        let (start, word) = (token.range.start, &sql[token.range.clone()]);
        if start >= stumbled && at_stop.is_none() {
            at_stop = open.last().copied();
        }
        let opener = match word {
            "(" | "[" | "{" => {
                open.push((start, word));
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        match open.pop() {
            Some((_, other)) if other == opener => {}
            Some((start, other)) => return never(start, other),
            None => return Some((start, format!("this `{word}` closes nothing"))),
        }
    }
    if let Some(start) = unclosed {
        let start = start + sql[start..].find(|c: char| !c.is_whitespace()).unwrap_or(0);
        let mark = if sql[start..].starts_with("/*") { "/*" } else { sql.get(start..=start).unwrap_or("'") };
        return never(odd_quote(sql, mark).unwrap_or(start), mark);
    }
    // Where several are open at the end, the one the parser was in when it stopped.
    let last = *open.last()?;
    let (start, opener) = at_stop.unwrap_or(last);
    never(start, opener)
}

/// The quotes of the lines before an open one pair up only by chance: the first line with an odd number has the one.
fn odd_quote(sql: &str, mark: &str) -> Option<usize> {
    let mut from = 0;
    for line in sql.split_inclusive('\n') {
        let code = line.split("--").next().unwrap_or(line);
        if mark != "/*" && code.matches(mark).count() % 2 == 1 {
            let quotes: Vec<usize> = code.match_indices(mark).map(|(at, _)| at).collect();
            let at = quotes.iter().copied().find(|at| !code[at + 1..].contains(mark)).unwrap_or(0);
            return Some(from + at);
        }
        from += line.len();
    }
    None
}

/// Where the first word or sign inside the most brackets begins.
pub fn deepest(sql: &str) -> Option<usize> {
    let (tokens, _) = tokens(sql);
    let deepest = tokens.iter().map(|token| token.depth).max()?;
    tokens.iter().find(|token| token.depth == deepest).map(|token| token.range.start)
}

/// Where the first `?` or `$name` stands.
pub fn parameter(sql: &str) -> Option<usize> {
    let starts = tokens(sql).0.into_iter().map(|token| token.range.start);
    starts
        .into_iter()
        .find(|&at| sql[at..].starts_with('?') || sql[at..].starts_with('$') && !sql[at..].starts_with("$$"))
}

/// Where a name that ends `message` is given a second time by `… as (`.
pub fn named_again(sql: &str, message: &str) -> Option<usize> {
    let name = message.rsplit(' ').next()?.trim_matches('"');
    let (tokens, _) = tokens(sql);
    let is = |at: usize, word: &str| {
        let token = tokens.get(at).map(|token| sql[token.range.clone()].trim_matches('"'));
        token.is_some_and(|token| token.eq_ignore_ascii_case(word))
    };
    let named = (0..tokens.len()).filter(|&at| is(at, name) && is(at + 1, "as") && is(at + 2, "("));
    named.map(|at| tokens[at].range.start).nth(1)
}

/// Where the word or sign before byte `at` begins; `at` itself where nothing is before it.
pub fn token_before(sql: &str, at: usize) -> usize {
    tokens(sql).0.into_iter().rfind(|token| token.range.end <= at).map_or(at, |token| token.range.start)
}
