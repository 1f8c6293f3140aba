//! Where each key and value of `config(...)` stands in its file.

use std::collections::BTreeSet;

use minijinja::machinery::Token;

use super::tokens::{Part, Segment, Span, read};
use crate::problem::{Place, Problem};
use crate::sql::normal;

/// One key with its value, or one item of a list.
#[derive(Debug)]
struct Entry {
    /// `candidates.boosting.trees`; items of lists are numbered from 0: `checks.2`.
    path: String,
    key: usize,
    value: Span,
    /// Whether it has a key, and not only a number.
    is_named: bool,
    /// Whether the value is one text without escapes.
    is_plain_text: bool,
    /// The text that stands behind the one it begins with.
    joined: Option<usize>,
}

/// The config of a file by its keys.
pub struct Keys<'a> {
    file: &'a str,
    source: &'a str,
    /// Where the word `config` stands.
    call: Option<usize>,
    /// Whether SQL or other calls come before it.
    is_misplaced: bool,
    entries: Vec<Entry>,
}

impl<'a> Keys<'a> {
    pub fn read(file: &'a str, source: &'a str) -> Self {
        let segments = read(source).all;
        let start = |segment: &Segment<'_>| match segment.tokens.as_slice() {
            [(Token::Ident("config"), span), (Token::ParenOpen, _), ..]
                if segment.part == Part::Expression =>
            {
                Some(span.start)
            }
            _ => None,
        };
        let is_query = |segment: &Segment<'_>| match segment.part {
            Part::Text => !normal(&source[segment.span.clone()]).trim().is_empty(),
            Part::Expression => true,
            Part::Statement => false,
        };
        let mut keys = Self { file, source, call: None, is_misplaced: false, entries: Vec::new() };
        if let Some(at) = segments.iter().position(|segment| start(segment).is_some()) {
            keys.call = start(&segments[at]);
            keys.is_misplaced = segments[..at].iter().any(is_query);
            Reader { tokens: &segments[at].tokens, entries: &mut keys.entries }.items(2, "", true);
        }
        keys
    }

    fn at(&self, offset: usize) -> Place {
        Place::at_offset(self.file, self.source, offset)
    }

    fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path == path)
    }

    /// The place of the key, or of the item of a list, at `path`; else of what is around it, down to `config` itself.
    pub fn key(&self, path: &str) -> Option<Place> {
        let mut around = std::iter::successors(Some(path), |path| Some(path.rsplit_once('.')?.0));
        let key = around.find_map(|path| self.entry(path)).map(|entry| entry.key);
        key.or(self.call).map(|at| self.at(at))
    }

    /// The place of byte `offset` of the text at `path`. Any other value, and a text that is put together from several,
    /// is shown at its beginning.
    pub fn value(&self, path: &str, offset: usize) -> Option<Place> {
        let entry = self.entry(path)?;
        let is_inside = entry.is_plain_text && 1 + offset < entry.value.len();
        Some(self.at(entry.value.start + if is_inside { 1 + offset } else { 0 }))
    }

    /// What is wrong with how it is written, whatever it says.
    pub fn mistake(&self) -> Option<Problem> {
        if self.is_misplaced {
            return Some(
                Problem::usage("config(...) stands at the top of its file")
                    .at(self.at(self.call.unwrap_or(0)))
                    .hint("only `{% set … %}` and comments may come before it"),
            );
        }
        // Jinja would make two texts of a list one.
        if let Some(at) = self.entries.iter().find_map(|entry| entry.joined.filter(|_| !entry.is_named)) {
            return Some(Problem::usage("a comma is missing before this text").at(self.at(at)));
        }
        let mut named: Vec<&Entry> = self.entries.iter().filter(|entry| entry.is_named).collect();
        // What is in a map was read before the map was.
        named.sort_by_key(|entry| entry.key);
        let mut paths = BTreeSet::new();
        let again = named.into_iter().find(|entry| !paths.insert(&entry.path))?;
        Some(
            Problem::usage(format!("config `{}` is given twice", again.path))
                .at(self.at(again.key))
                .hint("the second one would replace the first: take one of them out"),
        )
    }
}

struct Reader<'a> {
    tokens: &'a [(Token<'a>, Span)],
    entries: &'a mut Vec<Entry>,
}

impl Reader<'_> {
    /// Reads items from token `at` to the closing bracket; gives the number of the token behind it.
    fn items(&mut self, mut at: usize, path: &str, has_keys: bool) -> usize {
        let mut number = 0;
        while let Some((token, key)) = self.tokens.get(at) {
            if closes(token) {
                return at + 1;
            }
            if matches!(token, Token::Comma) {
                at += 1;
                continue;
            }
            let name = match (token, self.tokens.get(at + 1)) {
                (Token::Ident(name) | Token::Str(name), Some((Token::Assign | Token::Colon, _)))
                    if has_keys =>
                {
                    Some((*name).to_owned())
                }
                _ => None,
            };
            let is_named = name.is_some();
            let first = if is_named { at + 2 } else { at };
            let name = name.unwrap_or_else(|| number.to_string());
            let below = if path.is_empty() { name } else { format!("{path}.{name}") };
            at = match self.tokens.get(first) {
                Some((Token::BraceOpen, _)) => self.items(first + 1, &below, true),
                Some((Token::BracketOpen, _)) => self.items(first + 1, &below, false),
                _ => first,
            };
            at = self.end_of_value(at);
            let value = self.tokens.get(first..at).unwrap_or_default();
            let is_text = |token: &Token<'_>| matches!(token, Token::Str(_) | Token::String(_));
            // Without a blank between them they are meant as one: the quote within a text, as SQL writes it.
            let joined = value.get(1).filter(|(second, span)| {
                is_text(&value[0].0) && is_text(second) && value[0].1.end < span.start
            });
            self.entries.push(Entry {
                path: below,
                key: key.start,
                value: value.first().map_or(key.end, |(_, span)| span.start)
                    ..value.last().map_or(key.end, |(_, span)| span.end),
                is_named,
                is_plain_text: matches!(value, [(Token::Str(_), _)]),
                joined: joined.map(|(_, span)| span.start),
            });
            number += 1;
        }
        at
    }

    /// The next comma or closing bracket that stands in no bracket.
    fn end_of_value(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        for (at, (token, _)) in self.tokens.iter().enumerate().skip(from) {
            match token {
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => depth += 1,
                token if depth == 0 && (closes(token) || matches!(token, Token::Comma)) => return at,
                token if closes(token) => depth -= 1,
                _ => {}
            }
        }
        self.tokens.len()
    }
}

fn closes(token: &Token<'_>) -> bool {
    matches!(token, Token::ParenClose | Token::BracketClose | Token::BraceClose)
}
