//! The parts of one SELECT that can be tried apart: its items, its conditions, and what stands inside an expression.
//!
//! Only for showing where something is wrong, as `scan`: what is cut wrongly does not run, and is passed over.

use std::ops::Range;

use super::scan::{self, Token};

/// What a part stands for, which says by what it can be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// An item of the select list, without its alias.
    Item,
    /// A term of a WHERE, of a HAVING, or of the ON of a join.
    Condition,
    /// A term of a QUALIFY, which is not without a window function.
    Window,
    /// What is grouped or ordered by.
    Key,
}

#[derive(Debug, Clone)]
pub struct Part {
    pub range: Range<usize>,
    pub sort: Sort,
}

/// The parts of `select`, a SELECT without its CTEs, in their order.
pub fn parts(select: &str) -> Vec<Part> {
    let text = Text::new(select);
    let mut parts = Vec::new();
    let mut clause = Clause(None);
    let mut from = 0;
    for at in 0..=text.tokens.len() {
        let next = if at == text.tokens.len() { Some(Clause(None)) } else { text.clause(at) };
        let Some(next) = next else { continue };
        if let Clause(Some(sort)) = std::mem::replace(&mut clause, next) {
            parts.extend(text.split(from..at, sort));
        }
        from = at + 1;
        // `order by`, `select distinct`
        while ["by", "distinct", "all"].contains(&text.word(from).as_str()) {
            from += 1;
        }
    }
    parts
}

/// What inside `expression` is an expression of its own, the outermost first of all.
pub fn inner(expression: &str) -> Vec<Range<usize>> {
    let text = Text::new(expression);
    let all = 0..text.tokens.len();
    if ["select", "with", "from"].contains(&text.word(0).as_str()) {
        return Vec::new();
    }
    for words in [&["and", "or"][..], &["not"]] {
        let terms = text.pieces(all.clone(), words);
        if terms.len() > 1 || words.contains(&text.word(0).as_str()) {
            return text.ranges(terms);
        }
    }
    let groups = text.groups();
    let is_whole = groups.len() == 1 && groups[0] == all;
    if !is_whole {
        return text.ranges(groups);
    }
    if text.word(0) == "case" {
        return text.ranges(text.pieces(1..all.end - 1, &["when", "then", "else"]));
    }
    // The arguments; the type of a cast and the like go with them, and are cut off.
    let mut found = Vec::new();
    let mut open = None;
    for at in all {
        match (open, text.word(at).as_str()) {
            (None, "(" | "[" | "{") => open = Some(at),
            (Some(start), ")" | "]" | "}") if text.tokens[at].depth == text.tokens[start].depth => {
                found.extend(
                    text.pieces(
                        start + 1..at,
                        &[",", "as", "from", "where", "by", "order", "partition", ":"],
                    ),
                );
                open = None;
            }
            _ => {}
        }
    }
    text.ranges(found)
}

/// What the parts of a clause are; of some, such as FROM and LIMIT, nothing is tried.
struct Clause(Option<Sort>);

struct Text<'a> {
    sql: &'a str,
    /// `case … end` counts as a bracket.
    tokens: Vec<Token>,
}

impl<'a> Text<'a> {
    fn new(sql: &'a str) -> Self {
        let (mut tokens, _) = scan::tokens(sql);
        let mut cases: Vec<usize> = Vec::new();
        for token in &mut tokens {
            let word = &sql[token.range.clone()];
            if word.eq_ignore_ascii_case("end") && cases.last() == Some(&token.depth) {
                cases.pop();
            }
            let depth = token.depth;
            token.depth += cases.len();
            if word.eq_ignore_ascii_case("case") {
                cases.push(depth);
            }
        }
        Self { sql, tokens }
    }

    fn word(&self, at: usize) -> String {
        self.tokens
            .get(at)
            .map_or_else(String::new, |token| self.sql[token.range.clone()].to_ascii_lowercase())
    }

    /// The clause that begins at token `at`, if one does.
    fn clause(&self, at: usize) -> Option<Clause> {
        if self.tokens[at].depth > 0 {
            return None;
        }
        let next = self.word(at + 1);
        let is_distinct = at > 0 && self.word(at - 1) == "distinct";
        let sort = match self.word(at).as_str() {
            "select" => Some(Sort::Item),
            "where" | "having" => Some(Sort::Condition),
            "on" if !is_distinct => Some(Sort::Condition),
            "qualify" => Some(Sort::Window),
            "group" | "order" if next == "by" => Some(Sort::Key),
            "from" if !is_distinct => None,
            "window" | "limit" | "offset" | "using" | "join" => None,
            // `left(x, 1)` is a function.
            "left" | "right" | "full" | "inner" | "cross" | "natural" | "asof" | "semi" | "anti"
            | "positional"
                if next != "(" =>
            {
                None
            }
            _ => return None,
        };
        Some(Clause(sort))
    }

    /// The parts of the clause that stands in `tokens`.
    fn split(&self, tokens: Range<usize>, sort: Sort) -> Vec<Part> {
        let pieces = match sort {
            Sort::Item | Sort::Key => self.pieces(tokens, &[","]),
            Sort::Condition | Sort::Window => {
                let has_or = self.pieces(tokens.clone(), &["or"]).len() > 1;
                if has_or { vec![tokens] } else { self.pieces(tokens, &["and"]) }
            }
        };
        let without_alias = |piece: Range<usize>| match sort {
            Sort::Item => self.pieces(piece.clone(), &["as"]).into_iter().next().unwrap_or(piece),
            _ => piece,
        };
        let part = |piece| Some(Part { range: self.range(without_alias(piece))?, sort });
        pieces.into_iter().filter_map(part).collect()
    }

    /// The pieces of `tokens` between any of `words` that stand in no bracket of it.
    fn pieces(&self, tokens: Range<usize>, words: &[&str]) -> Vec<Range<usize>> {
        let Some(depth) = tokens.clone().map(|at| self.tokens[at].depth).min() else { return Vec::new() };
        let mut pieces = Vec::new();
        let mut from = tokens.start;
        let mut is_between = false;
        for at in tokens.clone() {
            let word = self.word(at);
            if self.tokens[at].depth > depth {
                continue;
            }
            // The `and` of `between … and …` separates nothing.
            let is_its_own = word == "and" && std::mem::take(&mut is_between);
            is_between |= word == "between";
            if words.contains(&word.as_str()) && !is_its_own {
                pieces.push(from..at);
                from = at + 1;
            }
        }
        pieces.push(from..tokens.end);
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// Calls, brackets and CASEs that stand in no other.
    fn groups(&self) -> Vec<Range<usize>> {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let closes = match self.word(at).as_str() {
                "(" | "[" | "{" | "case" => {
                    let depth = self.tokens[at].depth;
                    (at + 1..self.tokens.len()).find(|&to| self.tokens[to].depth == depth)
                }
                _ => None,
            };
            let Some(close) = closes else {
                at += 1;
                continue;
            };
            let before = at.checked_sub(1).map(|before| self.word(before)).unwrap_or_default();
            let is_more = ["over", "filter", "group"].contains(&before.as_str());
            // `sum(x) over (…)` is one.
            if let Some(last) = groups.last_mut().filter(|last| is_more && last.end + 1 == at) {
                last.end = close + 1;
            } else {
                let is_call = self.word(at) == "(" && is_name(&before);
                groups.push(at - usize::from(is_call)..close + 1);
            }
            at = close + 1;
        }
        groups
    }

    fn range(&self, tokens: Range<usize>) -> Option<Range<usize>> {
        let last = tokens.end.checked_sub(1)?;
        Some(self.tokens.get(tokens.start)?.range.start..self.tokens.get(last)?.range.end)
    }

    /// Those of more than one word.
    fn ranges(&self, pieces: Vec<Range<usize>>) -> Vec<Range<usize>> {
        pieces.into_iter().filter(|piece| piece.len() > 1).filter_map(|piece| self.range(piece)).collect()
    }
}

/// Whether a bracket after `word` holds the arguments of a call.
fn is_name(word: &str) -> bool {
    const NONE: [&str; 22] = [
        "in", "and", "or", "not", "when", "then", "else", "on", "where", "having", "qualify", "using", "as",
        "is", "like", "ilike", "between", "distinct", "any", "all", "select", "by",
    ];
    word.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"') && !NONE.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(select: &str) -> Vec<&str> {
        parts(select).into_iter().map(|part| &select[part.range]).collect()
    }

    #[test]
    fn the_parts_of_a_select() {
        let select = "select distinct a as b, case when x and y then 1 end, f(1, 2) as c from t as t
            left join u on t.a = u.a and g(u.b) using (c)
            where a between 1 and 2 and (b or c) group by a, 2 having max(d) > 1 or e order by left(a, 1) limit 3";
        assert_eq!(
            texts(select),
            [
                "a",
                "case when x and y then 1 end",
                "f(1, 2)",
                "t.a = u.a",
                "g(u.b)",
                "a between 1 and 2",
                "(b or c)",
                "a",
                "2",
                "max(d) > 1 or e",
                "left(a, 1)"
            ]
        );
        assert_eq!(texts("select a is distinct from b as c from t"), ["a is distinct from b"]);
    }

    #[test]
    fn what_is_inside_an_expression() {
        let inner =
            |text: &'static str| -> Vec<&str> { inner(text).into_iter().map(|range| &text[range]).collect() };
        assert_eq!(inner("a > f(x)::int + (y + 1)"), ["f(x)", "(y + 1)"]);
        assert_eq!(inner("f(a, g(x), 'b')"), ["g(x)"]);
        assert_eq!(inner("cast(g(x) as int)"), ["g(x)"]);
        assert_eq!(inner("case when a = 1 then g(b) else c end"), ["a = 1", "g(b)"]);
        assert_eq!(inner("a = 1 or g(x)"), ["a = 1", "g(x)"]);
        assert_eq!(inner("1 + sum(x) over (order by y)"), ["sum(x) over (order by y)"]);
        assert_eq!(inner("a in (select 1)"), ["(select 1)"]);
        assert!(inner("(select f(1))").is_empty() || inner("(select f(1))") == ["select f(1)"]);
    }
}
