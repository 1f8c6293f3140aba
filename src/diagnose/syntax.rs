//! What in a text makes that DuckDB cannot read it.

use crate::sql::{Brackets, SqlError, Token, lexemes, tokens, tree};

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
    Some(tokens(sql).into_iter().rev().max_by_key(|token| token.depth)?.range.start)
}

/// Where the first `?` or `$name` stands.
pub fn parameter(sql: &str) -> Option<usize> {
    let mut places = tokens(sql).into_iter().map(|token| token.range.start);
    places.find(|at| sql[*at..].starts_with(['?', '$']) && !sql[*at..].starts_with("$$"))
}

/// Where a name that ends `message` is given a second time by `… as (`.
pub fn named_again(sql: &str, message: &str) -> Option<usize> {
    let name = message.rsplit(' ').next()?.trim_matches('"');
    let tokens = tokens(sql);
    let is = |token: &Token<'_>, word: &str| token.text.trim_matches('"').eq_ignore_ascii_case(word);
    let mut named = tokens.windows(3).filter(|it| is(&it[0], name) && is(&it[1], "as") && is(&it[2], "("));
    named.nth(1).map(|it| it[0].range.start)
}

/// Where the word or sign behind the one at byte `at` begins; the end where nothing is behind it.
pub fn token_behind(sql: &str, at: usize) -> usize {
    tokens(sql).into_iter().find(|token| token.range.start > at).map_or(sql.len(), |token| token.range.start)
}

/// Where the word or sign before byte `at` begins; `at` itself where nothing is before it.
pub fn token_before(sql: &str, at: usize) -> usize {
    tokens(sql).into_iter().rfind(|token| token.range.end <= at).map_or(at, |token| token.range.start)
}

/// A macro that was written out, which Jinja shows as `<macro ratio>`, and what is wrong.
pub fn uncalled_macro(sql: &str) -> Option<(usize, String)> {
    let at = sql.find("<macro ")?;
    let name = sql[at..].split_once(' ')?.1.split('>').next()?;
    Some((at, format!("`{name}` is a macro, and not called: write {name}(…)")))
}

/// Commas that may be missing: a loop lacks one in each of its iterations.
const MOST_COMMAS: usize = 200;

/// How far the parser comes: to the end, or to where it stumbles.
fn readable(sql: &str) -> usize {
    match tree::parse(sql) {
        Err(SqlError { class, position, .. }) if class == "Parser" => position.unwrap_or(0),
        _ => usize::MAX,
    }
}

/// The word or sign behind which a comma makes `sql` readable, where more of them may be needed further on. It is one of the
/// last before the parser stumbles: `a.x b.y` is a column, its alias, and a dot too many.
pub fn missing_comma(sql: &str) -> Option<usize> {
    let (mut text, mut until, mut first) = (sql.to_owned(), readable(sql), None);
    for _ in 0..MOST_COMMAS {
        if until == usize::MAX {
            return first;
        }
        let all = tokens(&text);
        let before = all.iter().rposition(|token| token.range.end <= until)?;
        let places = (before.saturating_sub(2)..=before).filter(|at| is_in_list(&all, *at));
        let tried = places.map(|at| {
            let end = all[at].range.end;
            let mended = format!("{},{}", &text[..end], &text[end..]);
            // Most are missing at the end of a line.
            let next = all.get(at + 1).map_or(end, |next| next.range.start);
            (readable(&mended), text[end..next].contains('\n'), all[at].range.start, mended)
        });
        let (reached, _, at, mended) = tried.max_by_key(|(reached, ends_line, ..)| (*reached, *ends_line))?;
        if reached <= until + 1 {
            return None;
        }
        first = first.or(Some(at));
        (text, until) = (mended, reached);
    }
    None
}

/// Whether token `at` stands in a list: items of a SELECT that has a FROM, CTEs, arguments.
fn is_in_list(all: &[Token<'_>], at: usize) -> bool {
    let depth = all[at].depth;
    let is_near = |token: &&Token<'_>| token.depth >= depth;
    let before = all[..=at].iter().rev().take_while(is_near).filter(|token| token.depth == depth);
    let mut behind = all[at..].iter().take_while(is_near).filter(|token| token.depth == depth);
    for token in before {
        match &*token.text.to_lowercase() {
            "select" => return behind.any(|token| token.is("from")),
            "by" | "with" | "values" => return true,
            "from" | "join" | "on" | "using" | "where" | "having" | "qualify" | "limit" => return false,
            _ => {}
        }
    }
    depth > 0
}

/// The join before byte `stumbled` that says nothing of which rows belong together, where that alone keeps `sql` from
/// being read.
pub fn join_without_condition(sql: &str, stumbled: usize) -> Option<usize> {
    let all = tokens(sql);
    let before = all.iter().rposition(|token| token.range.end <= stumbled)?;
    let (head, tail) = sql.split_at(all[before].range.end);
    if readable(&format!("{head} on true {tail}")) != usize::MAX {
        return None;
    }
    let depth = all[before].depth;
    let mut own = all[..=before].iter().rev().take_while(|t| t.depth >= depth).filter(|t| t.depth == depth);
    let mut conditions = 0;
    let join = own.find(|token| {
        conditions += usize::from(token.is("on") || token.is("using"));
        let is_bare = token.is("join") && conditions == 0;
        conditions -= usize::from(token.is("join") && conditions > 0);
        is_bare
    })?;
    Some(join.range.start)
}
