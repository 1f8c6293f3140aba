//! From a byte of the SQL back to the analyst's own line.

use std::ops::Range;

use minijinja::{OutputSpan, OutputSpanKind};

use super::tags;
use super::trace::{Iteration, Spot};
use super::{Located, Templates};
use crate::problem::Place;

/// Which byte of the rendered SQL came from which byte of which file.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    file: String,
    output: Range<usize>,
    source: usize,
    /// Copied as it stands: every byte has its own place. Otherwise an expression made it.
    verbatim: bool,
}

impl SourceMap {
    pub fn new(spans: &[OutputSpan], templates: &Templates) -> Self {
        let piece = |span: &OutputSpan| Piece {
            file: span.name().to_owned(),
            output: span.output_range(),
            source: templates.origin(span.name(), span.source_range().start),
            verbatim: span.kind() == OutputSpanKind::Raw,
        };
        Self { pieces: spans.iter().map(piece).collect() }
    }

    /// File and byte offset in that file of byte `offset` of the rendered SQL.
    pub fn origin(&self, offset: usize) -> Option<(&str, usize)> {
        let piece = self
            .pieces
            .iter()
            .find(|piece| piece.output.contains(&offset))
            .or_else(|| self.pieces.iter().rev().find(|piece| piece.output.end <= offset))?;
        let within = offset.min(piece.output.end.saturating_sub(1)).saturating_sub(piece.output.start);
        Some((&piece.file, piece.source + if piece.verbatim { within } else { 0 }))
    }
}

/// The place of byte `offset` of `sql`, of all the `spots` it went through.
///
/// Text of a macro is shown in the macro. What a call handed to it is shown at that call, at the word itself where that
/// stands in it.
pub fn unfold(templates: &Templates, sql: &str, offset: usize, spots: &[Spot]) -> Option<Located> {
    let last = spots.len().checked_sub(1)?;
    if spots[last].expression.is_empty() {
        return Some(at_one(templates, spots, last, None));
    }
    // An include says nothing of what stands in the file.
    let outer = spots.iter().position(|spot| !includes(templates, spot)).unwrap_or(0);
    for token in tokens(sql, offset) {
        for (at, spot) in spots.iter().enumerate().rev() {
            let text = templates.source(&spot.file).get(spot.expression.clone()).unwrap_or_default();
            let word = tags::mentions(text, token).next();
            if let Some(word) = word {
                return Some(at_one(templates, spots, at, Some(spot.expression.start + word)));
            }
        }
        // A value that was set before: the place where it is written, if there is only one.
        let file = &spots[outer].file;
        if let Some(word) = tags::only_mention(templates.source(file), token).filter(|_| token.len() > 2) {
            let mut spots = spots.to_vec();
            let loops = std::mem::take(&mut spots[outer].loops);
            spots.push(Spot { file: file.clone(), offset: word, expression: 0..0, loops });
            return Some(at_one(templates, &spots, spots.len() - 1, None));
        }
    }
    Some(at_one(templates, spots, outer, None))
}

fn includes(templates: &Templates, spot: &Spot) -> bool {
    let text = templates.source(&spot.file).get(spot.expression.clone()).unwrap_or_default();
    text.starts_with("include")
}

/// The place of the outermost call of `spots`, with what it went through.
pub fn call(templates: &Templates, spots: &[Spot]) -> Located {
    at_one(templates, spots, 0, None)
}

/// What may be meant at `offset`: the name with its dots, then the one word or sign.
fn tokens(sql: &str, offset: usize) -> Vec<&str> {
    let rest = sql.get(offset..).unwrap_or_default().trim_start_matches('"');
    let length = |within: &dyn Fn(char) -> bool| rest.find(|c| !within(c)).unwrap_or(rest.len());
    let long = length(&|c| tags::is_word(c) || c == '.');
    let short = length(&tags::is_word);
    let mut tokens = vec![&rest[..long], &rest[..short]];
    tokens.retain(|token| !token.is_empty());
    tokens.dedup();
    tokens
}

/// Shows the spot `first`, at `offset` of its file, and in notes the others and their iterations.
pub fn at_one(templates: &Templates, spots: &[Spot], first: usize, offset: Option<usize>) -> Located {
    let spot = &spots[first];
    let place = Place::at_offset(&spot.file, templates.source(&spot.file), offset.unwrap_or(spot.offset));
    // Each note once, with the number of times: a macro that calls itself without end does so a hundred times.
    let mut notes: Vec<(String, usize)> = Vec::new();
    let mut note = |text: String, times: usize| match notes.iter_mut().find(|(other, _)| *other == text) {
        Some((_, all)) => *all += times,
        None => notes.push((text, 1)),
    };
    for (at, other) in spots.iter().enumerate().rev() {
        let there = Place::at_offset(&other.file, templates.source(&other.file), other.offset);
        let same = at == first || (there.file == place.file && there.line == place.line);
        if !same {
            let what = match () {
                () if includes(templates, other) => "included at",
                () if at < first || other.file == place.file => "called at",
                () => "within",
            };
            let text: String = there.text.trim().chars().take(80).collect();
            note(format!("{what} {}:{}:{}: {text}", there.file, there.line, there.column), 1);
        }
        for iteration in &other.loops {
            note(iteration_note(templates, iteration, &other.file, &place.file), 0);
        }
    }
    let counted = |(text, times): (String, usize)| match times {
        1 => text,
        times => format!("{text} ({times} times)"),
    };
    Located { place, notes: notes.into_iter().map(counted).collect() }
}

fn iteration_note(templates: &Templates, iteration: &Iteration, file: &str, shown: &str) -> String {
    let line = Place::at_offset(file, templates.source(file), iteration.offset).line;
    let whose = if file == shown { format!("line {line}") } else { format!("{file}:{line}") };
    let values: Vec<String> =
        iteration.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!("in the {} iteration of the loop of {whose}: {}", ordinal(iteration.number), values.join(", "))
}

fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
