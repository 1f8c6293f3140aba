//! The shape of a text of SQL: brackets, CTEs, items of a SELECT. Only for showing where something is wrong.

use std::ops::Range;

/// A token: a word, a sign, a quoted text. Comments and space are left out.
#[derive(Debug, Clone)]
pub struct Token {
    pub range: Range<usize>,
    /// Brackets that are open around it.
    pub depth: usize,
}

/// A quote that is never closed ends the tokens: its offset.
pub fn tokens(sql: &str) -> (Vec<Token>, Option<usize>) {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = sql[at..].find('\n').map_or(bytes.len(), |end| at + end);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let Some(end) = sql[at..].find("*/") else { return (tokens, Some(start)) };
                at += end + 2;
                continue;
            }
            quote @ (b'\'' | b'"') => {
                let Some(end) = sql[at + 1..].find(char::from(quote)) else {
                    return (tokens, Some(start));
                };
                at += end + 2;
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'(' | b'[' | b'{' => {
                tokens.push(Token { range: at..at + 1, depth });
                depth += 1;
                at += 1;
                continue;
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
                at += bytes[at..].iter().take_while(|byte| is_word(byte)).count();
            }
            _ => at += 1,
        }
        tokens.push(Token { range: start..at, depth });
    }
    (tokens, None)
}

/// The quote or bracket that makes `sql` unreadable, and what is wrong with it. `stumbled` is where the parser stopped.
pub fn unbalanced(sql: &str, stumbled: usize) -> Option<(usize, String)> {
    let (tokens, quote) = tokens(sql);
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut at_stop = None;
    for token in &tokens {
        if token.range.start >= stumbled && at_stop.is_none() {
            at_stop = Some(open.clone());
        }
        match &sql[token.range.clone()] {
            bracket @ ("(" | "[" | "{") => open.push((token.range.start, bracket)),
            bracket @ (")" | "]" | "}") => {
                let pair = open.pop();
                let fits = |opener: &str| matches!((opener, bracket), ("(", ")") | ("[", "]") | ("{", "}"));
                match pair {
                    Some((_, opener)) if fits(opener) => {}
                    Some((start, opener)) => {
                        return Some((start, format!("this `{opener}` is never closed")));
                    }
                    None => return Some((token.range.start, format!("this `{bracket}` closes nothing"))),
                }
            }
            _ => {}
        }
    }
    if let Some(start) = quote {
        // The quotes of the lines before pair up only by chance: the first line with an odd number is the one.
        let mark = if sql[start..].starts_with("/*") { "/*" } else { &sql[start..=start] };
        let message = format!("this `{mark}` is never closed");
        let mut from = 0;
        for line in sql.split_inclusive('\n') {
            let code = line.split("--").next().unwrap_or(line);
            if mark != "/*" && code.matches(mark).count() % 2 == 1 {
                let quotes: Vec<usize> = code.match_indices(mark).map(|(at, _)| at).collect();
                let at = quotes.iter().copied().find(|at| !code[at + 1..].contains(mark)).unwrap_or(0);
                return Some((from + at, message));
            }
            from += line.len();
        }
        return Some((start, message));
    }
    // Where several are open at the end, the one the parser was in when it stopped.
    let last = *open.last()?;
    let inner = at_stop.and_then(|stack| stack.last().copied()).unwrap_or(last);
    Some((inner.0, format!("this `{}` is never closed", inner.1)))
}

/// One named query before the last SELECT.
#[derive(Debug)]
pub struct Cte {
    pub name: String,
    /// Between the brackets.
    pub body: Range<usize>,
}

/// The CTEs of `sql`, and where what follows them begins.
pub fn ctes(sql: &str) -> (Vec<Cte>, usize) {
    let (tokens, _) = tokens(sql);
    let word = |at: usize| tokens.get(at).map_or("", |token: &Token| &sql[token.range.clone()]);
    let mut ctes = Vec::new();
    if !word(0).eq_ignore_ascii_case("with") {
        return (ctes, tokens.first().map_or(0, |token| token.range.start));
    }
    let mut at = if word(1).eq_ignore_ascii_case("recursive") { 2 } else { 1 };
    loop {
        let name = word(at).to_owned();
        let outer = tokens.get(at).map_or(0, |token| token.depth);
        // The body is the bracket after `as`; column names may stand in one before it.
        while at < tokens.len() && !word(at).eq_ignore_ascii_case("as") {
            at += 1;
        }
        while at < tokens.len() && word(at) != "(" {
            at += 1;
        }
        let close = (at + 1..tokens.len()).find(|&close| word(close) == ")" && tokens[close].depth == outer);
        let Some(close) = close else {
            return (ctes, sql.len());
        };
        ctes.push(Cte { name, body: tokens[at].range.end..tokens[close].range.start });
        at = close + 1;
        if word(at) != "," {
            return (ctes, tokens.get(at).map_or(sql.len(), |token| token.range.start));
        }
        at += 1;
    }
}

/// The queries between UNION, INTERSECT and EXCEPT of `sql`.
pub fn branches(sql: &str) -> Vec<Range<usize>> {
    let (tokens, _) = tokens(sql);
    let mut branches = Vec::new();
    let mut start = tokens.first().map_or(0, |token| token.range.start);
    let mut at = 0;
    while at < tokens.len() {
        let word = sql[tokens[at].range.clone()].to_ascii_lowercase();
        if tokens[at].depth == 0 && ["union", "intersect"].contains(&word.as_str()) {
            branches.push(start..tokens[at].range.start);
            let more = |at: usize| {
                tokens.get(at).is_some_and(|token| {
                    let word = sql[token.range.clone()].to_ascii_lowercase();
                    ["all", "by", "name", "distinct"].contains(&word.as_str())
                })
            };
            at += 1;
            while more(at) {
                at += 1;
            }
            start = tokens.get(at).map_or(sql.len(), |token| token.range.start);
        } else {
            at += 1;
        }
    }
    branches.push(start..sql.len());
    branches
}

/// The items of a plain SELECT, and where its FROM begins.
pub fn items(select: &str) -> (Vec<Range<usize>>, usize) {
    let (tokens, _) = tokens(select);
    let word = |token: &Token| select[token.range.clone()].to_ascii_lowercase();
    let mut items = Vec::new();
    let mut start: Option<usize> = None;
    let mut end = 0;
    for token in tokens.iter().skip(1) {
        let text = word(token);
        if token.depth == 0 && text == "from" {
            items.extend(start.map(|start| start..end));
            return (items, token.range.start);
        }
        if token.depth == 0 && text == "," {
            items.extend(start.take().map(|start| start..end));
        } else if !(start.is_none() && items.is_empty() && (text == "distinct" || text == "all")) {
            start.get_or_insert(token.range.start);
            end = token.range.end;
        }
    }
    items.extend(start.map(|start| start..end));
    (items, select.len())
}

/// SELECTs in brackets directly inside `sql`: the text between the brackets.
pub fn inner_queries(sql: &str) -> Vec<Range<usize>> {
    let (tokens, _) = tokens(sql);
    let word = |at: usize| tokens.get(at).map_or("", |token: &Token| &sql[token.range.clone()]);
    let starts =
        |at: usize| ["select", "with", "from"].iter().any(|word_| word(at).eq_ignore_ascii_case(word_));
    let opens = (0..tokens.len()).filter(|&at| word(at) == "(" && starts(at + 1));
    opens
        .filter_map(|at| {
            let close =
                (at + 1..tokens.len()).find(|&to| word(to) == ")" && tokens[to].depth == tokens[at].depth)?;
            Some(tokens[at].range.end..tokens[close].range.start)
        })
        .collect()
}

/// Where a name that ends `message` is given a second time by `… as (`.
pub fn named_again(sql: &str, message: &str) -> Option<usize> {
    let name = message.rsplit(' ').next()?.trim_matches('"');
    let (tokens, _) = tokens(sql);
    let is = |at: usize, word: &str| {
        tokens
            .get(at)
            .is_some_and(|token| sql[token.range.clone()].trim_matches('"').eq_ignore_ascii_case(word))
    };
    let named = (0..tokens.len()).filter(|&at| is(at, name) && is(at + 1, "as") && is(at + 2, "("));
    named.map(|at| tokens[at].range.start).nth(1)
}

/// Where the first word or sign inside the most brackets begins.
pub fn deepest(sql: &str) -> Option<usize> {
    let (tokens, _) = tokens(sql);
    let deepest = tokens.iter().map(|token| token.depth).max()?;
    tokens.iter().find(|token| token.depth == deepest).map(|token| token.range.start)
}

/// Where the first `?` or `$name` stands.
pub fn parameter(sql: &str) -> Option<usize> {
    let (tokens, _) = tokens(sql);
    let starts = tokens.into_iter().map(|token| token.range.start);
    starts.into_iter().find(|&at| sql[at..].starts_with(['?', '$']))
}

/// Where the word or sign before byte `at` begins; `at` itself where nothing is before it.
pub fn token_before(sql: &str, at: usize) -> usize {
    let (tokens, _) = tokens(sql);
    tokens.into_iter().rfind(|token| token.range.end <= at).map_or(at, |token| token.range.start)
}

/// Where the last word or sign of `sql` begins.
pub fn last_token(sql: &str) -> usize {
    tokens(sql).0.last().map_or(0, |token| token.range.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_quotes() {
        assert_eq!(unbalanced("select f(x from t", 11).unwrap().0, 8);
        assert_eq!(unbalanced("select (x)) from t", 15).unwrap().0, 10);
        assert_eq!(unbalanced("select '(' -- (\n, \")\"", 0), None);
        assert_eq!(unbalanced("select\n 'a, 'b'\n", 9).unwrap().0, 14);
        assert_eq!(unbalanced("with a as (select f(x from t)", 22).unwrap().0, 19);
    }

    #[test]
    fn ctes_and_items() {
        let sql = "with a as (select 1), b(x) as (select f(2, 3)) select a, b as c from t";
        let (found, last) = ctes(sql);
        assert_eq!(
            found.iter().map(|cte| &sql[cte.body.clone()]).collect::<Vec<_>>(),
            ["select 1", "select f(2, 3)"]
        );
        let select = &sql[last..];
        let (all, from) = items(select);
        assert_eq!(all.iter().map(|item| &select[item.clone()]).collect::<Vec<_>>(), ["a", "b as c"]);
        assert_eq!(&select[from..], "from t");
        assert_eq!(branches("select 1 union all select 2").len(), 2);
        assert_eq!(inner_queries("select (select 1) from (select (2))").len(), 2);
    }
}
