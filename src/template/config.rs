//! Where each key and value of `config(...)` stands in its file.

use std::collections::BTreeSet;

use minijinja::machinery::Token;

use super::tokens::{Part, Segment, Segments, Span, read};
use crate::fingerprint::normal;
use crate::problem::Place;

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

/// The place of the key, or of the item of a list, at `path`.
pub fn place(file: &str, source: &str, path: &str) -> Option<Place> {
    let entry = entries(source).into_iter().find(|entry| entry.path == path)?;
    Some(Place::at_offset(file, source, entry.key))
}

/// The place of the value at `path`; with `offset`, of that byte of a text. A text that is put together from several is
/// shown at its beginning.
pub fn value_place(file: &str, source: &str, path: &str, offset: usize) -> Option<Place> {
    let entry = entries(source).into_iter().find(|entry| entry.path == path)?;
    let within = if entry.is_plain_text && 1 + offset < entry.value.len() { 1 + offset } else { 0 };
    Some(Place::at_offset(file, source, entry.value.start + within))
}

/// As `place`, or of what is around it, down to `config` itself.
pub fn nearest_place(file: &str, source: &str, path: &str) -> Option<Place> {
    let around = std::iter::successors(Some(path), |path| Some(path.rsplit_once('.')?.0));
    let call = || find(&read(source)).map(|(_, start)| Place::at_offset(file, source, start));
    around.into_iter().find_map(|path| place(file, source, path)).or_else(call)
}

/// The path of a key that was given before, and the place where it is given again.
pub fn given_again(file: &str, source: &str) -> Option<(String, Place)> {
    let mut keys = BTreeSet::new();
    let mut named: Vec<Entry> = entries(source).into_iter().filter(|entry| entry.is_named).collect();
    // What is in a map was read before the map was.
    named.sort_by_key(|entry| entry.key);
    let again = named.into_iter().find(|entry| !keys.insert(entry.path.clone()))?;
    Some((again.path, Place::at_offset(file, source, again.key)))
}

/// The place of a text in a list that stands behind another without a comma: Jinja would make them one.
pub fn joined(file: &str, source: &str) -> Option<Place> {
    let found = entries(source).into_iter().find_map(|entry| entry.joined.filter(|_| !entry.is_named))?;
    Some(Place::at_offset(file, source, found))
}

/// The place of a config that does not stand at the top: SQL or other calls come before it.
pub fn misplaced(file: &str, source: &str) -> Option<Place> {
    let segments = read(source);
    let (at, start) = find(&segments)?;
    let is_query = |segment: &Segment<'_>| match segment.part {
        Part::Text => !normal(&source[segment.span.clone()]).trim().is_empty(),
        Part::Expression => true,
        Part::Statement => false,
    };
    segments.all[..at].iter().any(is_query).then(|| Place::at_offset(file, source, start))
}

/// The segment of `config(...)`, and where the word stands.
fn find(segments: &Segments<'_>) -> Option<(usize, usize)> {
    segments.all.iter().enumerate().find_map(|(at, segment)| match segment.tokens.as_slice() {
        [(Token::Ident("config"), span), (Token::ParenOpen, _), ..] if segment.part == Part::Expression => {
            Some((at, span.start))
        }
        _ => None,
    })
}

fn entries(source: &str) -> Vec<Entry> {
    let segments = read(source);
    let mut entries = Vec::new();
    if let Some((at, _)) = find(&segments) {
        Reader { tokens: &segments.all[at].tokens, entries: &mut entries }.items(2, "", true);
    }
    entries
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
