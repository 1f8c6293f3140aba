//! What stands in the text at an item of a SELECT: its comment and its expression, which the tree leaves out or moves.
//! A comment belongs to the item that ends on its line, else to the item right below it: a blank line between makes it
//! a heading.

use serde_json::Value as Json;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Lexeme, Whitespace};

use super::tokens::{Token, lexemes};
use super::tree::{leftmost, lower};

/// A text of SQL whose items are read.
pub struct Written<'a> {
    sql: &'a str,
    tokens: Vec<Token<'a>>,
}

impl<'a> Written<'a> {
    pub fn new(sql: &'a str) -> Self {
        Self { sql, tokens: lexemes(sql).0 }
    }

    /// The byte at which an item begins.
    pub fn start(&self, item: &Json) -> Option<usize> {
        Some(self.tokens[self.span(item)?.0].range.start)
    }

    /// The tokens of an item, its first and its last.
    fn span(&self, item: &Json) -> Option<(usize, usize)> {
        let at = leftmost(item)?;
        let mut first = self.tokens.iter().position(|token| token.range.end > at)?;
        // A bracket around its beginning has no place in the tree.
        while let Some(before) = (0..first).rev().find(|&at| !self.tokens[at].is_space())
            && self.tokens[before].text == "("
            && before.checked_sub(1).is_some_and(|at| !is_name(&self.tokens[at]))
        {
            first = before;
        }
        let depth = self.tokens[first].depth;
        let mut last = first;
        for at in first..self.tokens.len() {
            let token = &self.tokens[at];
            if token.depth < depth || token.depth == depth && ends_item(token, &self.tokens[last]) {
                break;
            }
            if !token.is_space() {
                last = at;
            }
        }
        Some((first, last))
    }

    /// The comment behind an item, else the lines of comment right above it.
    pub fn comment(&self, item: &Json) -> Option<String> {
        let (first, last) = self.span(item)?;
        let mut behind = self.tokens[last + 1..].iter().filter(|token| !is_blank(token) && token.text != ",");
        if let Some(text) = behind.next().and_then(comment) {
            return Some(text).filter(|text| !text.is_empty());
        }
        let mut lines = Vec::new();
        let mut before = self.tokens[..first].iter().rev().filter(|token| !is_blank(token)).peekable();
        // One behind something else on its line belongs to that.
        while before.next().is_some_and(is_newline)
            && let Some(text) = before.next().and_then(comment)
            && before.peek().is_none_or(|above| is_newline(above))
        {
            lines.push(text);
        }
        lines.reverse();
        Some(lines.join(" ")).filter(|text| !text.is_empty())
    }

    /// The text of an item without its alias, on one line.
    pub fn expression(&self, item: &Json) -> Option<String> {
        let (first, last) = self.span(item)?;
        let is_named = !lower(&item["alias"]).is_empty();
        let as_at = (first..last).rev().find(|&at| is_named && self.tokens[at].is("as"));
        let end = as_at.map_or(self.tokens[last].range.end, |at| self.tokens[at].range.start);
        let text = self.sql.get(self.tokens[first].range.start..end)?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Space within a line.
fn is_blank(token: &Token<'_>) -> bool {
    matches!(token.lexeme, Lexeme::Whitespace(Whitespace::Space | Whitespace::Tab))
}

fn is_newline(token: &Token<'_>) -> bool {
    token.lexeme == Lexeme::Whitespace(Whitespace::Newline)
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(&token.lexeme, Lexeme::Word(word) if word.keyword == Keyword::NoKeyword)
}

fn comment(token: &Token<'_>) -> Option<String> {
    match &token.lexeme {
        Lexeme::Whitespace(Whitespace::SingleLineComment { comment, .. }) => Some(comment.trim().to_owned()),
        _ => None,
    }
}

/// Whether an item ends before this token, which follows `before`.
fn ends_item(token: &Token<'_>, before: &Token<'_>) -> bool {
    const ENDS: [&str; 13] = [
        ",",
        "from",
        "where",
        "group",
        "having",
        "window",
        "qualify",
        "order",
        "limit",
        "union",
        "intersect",
        "except",
        "offset",
    ];
    // `a is distinct from b` goes on.
    ENDS.iter().any(|end| token.is(end)) && !before.is("distinct") && before.text != "."
}
