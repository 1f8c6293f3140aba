//! The analyst's text with rules for some of its parts: what is not touched stays as it was written, with comments and
//! layout, and every byte of the translation knows where it comes from.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlparser::tokenizer::Location;

use crate::sql::{Token, tokens};

/// A part of what replaces a range of the text.
#[derive(Debug, Clone)]
pub enum Part {
    Made(String),
    /// A range of the text, with the rules inside it.
    Text(Range<usize>),
}

#[derive(Debug)]
struct Rule {
    at: Range<usize>,
    parts: Vec<Part>,
}

/// A piece of the translation, and the bytes of the text that it stands for.
#[derive(Debug)]
pub struct Piece {
    /// Where it begins in the translation.
    pub start: usize,
    pub from: Range<usize>,
    /// Copied: every byte has its own place.
    pub is_copy: bool,
}

/// A call by its tokens: its name, from one of its brackets to the other, and what stands behind all that belongs to it.
pub struct Call {
    pub name: usize,
    pub brackets: Range<usize>,
    pub end: usize,
}

/// The tokens of a text, and the rules found so far.
pub struct Text<'a> {
    pub sql: &'a str,
    pub tokens: Vec<Token<'a>>,
    rules: Vec<Rule>,
    /// Tokens that an inner expression has, so that the outer one looks for another.
    taken: BTreeSet<usize>,
}

impl<'a> Text<'a> {
    pub fn new(sql: &'a str) -> Self {
        Self { sql, tokens: tokens(sql), rules: Vec::new(), taken: BTreeSet::new() }
    }

    /// The token at a place that the parser gives; none for a place it does not know.
    pub fn token_at(&self, place: Location) -> Option<usize> {
        let at = self.tokens.partition_point(|token| token.place < place);
        (place != Location::empty() && at < self.tokens.len()).then_some(at)
    }

    pub fn is(&self, token: usize, word: &str) -> bool {
        self.tokens.get(token).is_some_and(|token| token.is(word))
    }

    /// The first of `words` from token `from` on that no expression has taken yet; it is taken now.
    pub fn take(&mut self, from: usize, word: &str) -> Option<usize> {
        let found = (from..self.tokens.len()).find(|at| self.is(*at, word) && !self.taken.contains(at))?;
        self.taken.insert(found);
        Some(found)
    }

    /// The call of `function` around token `inside` that no expression has taken yet.
    pub fn take_call(&mut self, inside: usize, function: &str) -> Option<Call> {
        let is_head = |at: &usize| self.is(*at, function) && self.is(at + 1, "(") && !self.taken.contains(at);
        let name = (0..inside).rev().find(is_head)?;
        self.taken.insert(name);
        Some(self.call(name))
    }

    /// The call whose name is token `name`.
    pub fn call(&self, name: usize) -> Call {
        let close = self.close(name + 1);
        Call { name, brackets: name + 1..close, end: close + 1 }
    }

    /// The last `word` that stands in the brackets of a call, and in none inside them.
    pub fn last_inside(&self, call: &Call, word: &str) -> Option<usize> {
        let depth = self.tokens[call.name].depth + 1;
        call.brackets.clone().rev().find(|at| self.is(*at, word) && self.tokens[*at].depth == depth)
    }

    /// What closes the bracket at token `open`.
    pub fn close(&self, open: usize) -> usize {
        let depth = self.tokens.get(open).map_or(0, |token| token.depth);
        let behind = open + 1..self.tokens.len();
        let is_end =
            |at: &usize| self.tokens[*at].depth == depth && [")", "]"].contains(&self.tokens[*at].text);
        behind.into_iter().find(is_end).unwrap_or(self.tokens.len().saturating_sub(1))
    }

    /// What opens the bracket that is closed at token `close`.
    pub fn open(&self, close: usize) -> usize {
        let depth = self.tokens[close].depth;
        (0..close)
            .rev()
            .find(|at| self.tokens[*at].depth == depth && ["(", "["].contains(&self.tokens[*at].text))
            .unwrap_or(0)
    }

    /// The bytes of some tokens; none of no token.
    pub fn bytes(&self, tokens: Range<usize>) -> Range<usize> {
        let start = self.tokens.get(tokens.start).map_or(self.sql.len(), |token| token.range.start);
        let last = self.tokens.get(tokens).and_then(<[_]>::last);
        start..last.map_or(start, |token| token.range.end)
    }

    /// The bytes of what stands between the commas of some tokens, those in brackets left out.
    pub fn items(&self, tokens: Range<usize>) -> Vec<Range<usize>> {
        let tokens = &self.tokens[tokens];
        let depth = tokens.first().map_or(0, |token| token.depth);
        let items = tokens.split(|token| token.text == "," && token.depth == depth);
        items.filter_map(|item| Some(item.first()?.range.start..item.last()?.range.end)).collect()
    }

    pub fn arguments(&self, call: &Call) -> Vec<Range<usize>> {
        self.items(call.brackets.start + 1..call.brackets.end)
    }

    /// Replaces bytes of the text.
    pub fn replace(&mut self, at: Range<usize>, parts: Vec<Part>) {
        self.rules.push(Rule { at, parts });
    }

    /// Replaces one token by a text.
    pub fn rename(&mut self, token: usize, text: impl Into<String>) {
        self.replace(self.tokens[token].range.clone(), vec![Part::Made(text.into())]);
    }

    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, vec![Part::Made(text.into())]);
    }

    /// The translation, and where its pieces come from.
    pub fn apply(mut self) -> (String, Vec<Piece>) {
        // The outer rules come before those inside them.
        self.rules.sort_by_key(|rule| (rule.at.start, std::cmp::Reverse(rule.at.end)));
        let mut made = (String::new(), Vec::new());
        self.render(0..self.sql.len(), 0, &mut made);
        made
    }

    /// Writes a range of the text by the rules from number `next` on.
    fn render(&self, range: Range<usize>, mut next: usize, made: &mut (String, Vec<Piece>)) {
        let mut done = range.start;
        let is_whole = range.end == self.sql.len();
        while let Some(rule) = self.rules.get(next) {
            let at = rule.at.clone();
            next += 1;
            if at.start > range.end {
                break;
            }
            // What is put in behind the last byte of a part belongs to what is around it.
            let is_inside = at.end <= range.end && (at.start < range.end || is_whole);
            if at.start < done || !is_inside {
                continue;
            }
            self.copy(done..at.start, made);
            for part in &rule.parts {
                match part {
                    Part::Made(text) => {
                        made.1.push(Piece { start: made.0.len(), from: at.clone(), is_copy: false });
                        made.0.push_str(text);
                    }
                    Part::Text(inner) => self.render(inner.clone(), next, made),
                }
            }
            done = at.end;
        }
        self.copy(done..range.end, made);
    }

    fn copy(&self, range: Range<usize>, made: &mut (String, Vec<Piece>)) {
        if !range.is_empty() {
            made.1.push(Piece { start: made.0.len(), from: range.clone(), is_copy: true });
            made.0.push_str(&self.sql[range]);
        }
    }
}
