//! Where each key and value of `config(...)` stands in its file.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{CallArg, Expr};
use minijinja::machinery::{Token, parse_expr, tokenize};

use super::tokens::{Part, Segment, Span, read, syntax};
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
        let is_config = |segment: &Segment<'_>| {
            let tokens = segment.tokens.as_slice();
            segment.part == Part::Expression
                && matches!(tokens, [(Token::Ident("config"), _), (Token::ParenOpen, _), ..])
        };
        let is_query = |segment: &Segment<'_>| match segment.part {
            Part::Text => !normal(&source[segment.span.clone()]).trim().is_empty(),
            Part::Expression => true,
            Part::Statement => false,
        };
        let mut keys = Self { file, source, call: None, is_misplaced: false, entries: Vec::new() };
        if let Some(at) = segments.iter().position(is_config) {
            let call = segments[at].inner();
            keys.call = Some(call.start);
            keys.is_misplaced = segments[..at].iter().any(is_query);
            if let Ok(Expr::Call(parsed)) = parse_expr(&source[call.clone()]) {
                for argument in &parsed.args {
                    let CallArg::Kwarg(name, value) = argument else { continue };
                    let before = &source[..call.start + value.span().start_offset as usize];
                    keys.add(call.start, (*name).to_owned(), before.rfind(name), value);
                }
            }
        }
        keys
    }

    /// Adds the value at `path`, behind those in it; the expression is parsed from byte `base` on.
    fn add(&mut self, base: usize, path: String, key: Option<usize>, value: &Expr<'_>) {
        match value {
            Expr::Map(map) => {
                for (name, value) in map.keys.iter().zip(&map.values) {
                    let Expr::Const(text) = name else { continue };
                    let key = base + name.span().start_offset as usize;
                    self.add(base, format!("{path}.{}", text.value), Some(key), value);
                }
            }
            Expr::List(list) => {
                for (number, item) in list.items.iter().enumerate() {
                    self.add(base, format!("{path}.{number}"), None, item);
                }
            }
            _ => {}
        }
        let span = value.span();
        let value = base + span.start_offset as usize..base + span.end_offset as usize;
        let mut tokens = tokenize(&self.source[value.clone()], true, syntax()).map_while(Result::ok);
        let (first, second) = (tokens.next(), tokens.next());
        let is_text = |token: &Token<'_>| matches!(token, Token::Str(_) | Token::String(_));
        let joined = match (&first, &second) {
            // Without a blank between them they are meant as one: the quote within a text, as SQL writes it.
            (Some((first, at)), Some((second, next))) if at.end_offset < next.start_offset => {
                (is_text(first) && is_text(second)).then_some(value.start + next.start_offset as usize)
            }
            _ => None,
        };
        self.entries.push(Entry {
            key: key.unwrap_or(value.start),
            is_named: key.is_some(),
            is_plain_text: matches!((first, second), (Some((Token::Str(_), _)), None)),
            joined,
            path,
            value,
        });
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
