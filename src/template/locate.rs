//! From a byte of the SQL back to the analyst's own line.

use minijinja::machinery::Token;

use super::Templates;
use super::tokens::{self, only_mention};
use super::trace::{Frame, Iteration};
use crate::problem::{Place, Problem, is_word, mentions};

/// A place, and what led to it: `called at …`, `in the 3rd iteration of …`.
#[derive(Debug, Clone)]
pub struct Located {
    pub place: Place,
    pub notes: Vec<String>,
}

impl Located {
    /// `problem`, which is there.
    #[must_use]
    pub fn of(self, problem: Problem) -> Problem {
        problem.at(self.place).noting(self.notes)
    }
}

/// The place of byte `offset` of `sql`, of all the `frames` it went through.
///
/// Text of a macro is shown in the macro. What a call handed to it is shown at that call, at the word itself where that
/// stands in it.
pub fn unfold(templates: &Templates, sql: &str, offset: usize, frames: &[Frame]) -> Option<Located> {
    let last = frames.len().checked_sub(1)?;
    if frames[last].call.is_none() {
        return Some(at_frame(templates, frames, last, None));
    }
    // An include says nothing of what stands in the file.
    let outer = frames.iter().position(|frame| !frame.is_include).unwrap_or(0);
    if let Some((at, offset)) = argument(templates, sql, offset, frames) {
        return Some(at_frame(templates, frames, at, Some(offset)));
    }
    for word in words(sql, offset) {
        for (at, frame) in frames.iter().enumerate().rev() {
            let call = frame.call.clone().unwrap_or_default();
            let text = templates.source(&frame.file).get(call.clone()).unwrap_or_default();
            if let Some(found) = mentions(text, word).next() {
                return Some(at_frame(templates, frames, at, Some(call.start + found)));
            }
        }
        // A value that was set before: the place where it is written, if there is only one.
        let file = &frames[outer].file;
        if let Some(found) = only_mention(templates.source(file), word).filter(|_| word.len() > 2) {
            let mut frames = frames.to_vec();
            let loops = std::mem::take(&mut frames[outer].loops);
            frames.push(Frame { loops, ..Frame::at(file, found) });
            return Some(at_frame(templates, &frames, frames.len() - 1, None));
        }
    }
    Some(at_frame(templates, frames, outer, None))
}

/// The longest text of a call that stands in the SQL around `offset` as it was written, and the byte of it.
fn argument(templates: &Templates, sql: &str, offset: usize, frames: &[Frame]) -> Option<(usize, usize)> {
    let mut found: Option<(usize, usize, usize)> = None;
    for (at, frame) in frames.iter().enumerate().rev() {
        let Some(call) = &frame.call else { continue };
        let segments = tokens::read(templates.source(&frame.file)).all;
        let within = segments.iter().filter(|s| s.span.start <= call.start && call.end <= s.span.end);
        for (token, span) in within.flat_map(|segment| &segment.tokens) {
            let Token::Str(text) = token else { continue };
            let from = (offset + 1).saturating_sub(text.len());
            let start = (from..=offset).find(|start| {
                sql.get(*start..).is_some_and(|rest| rest.starts_with(text)) && offset < start + text.len()
            });
            let longest = found.is_none_or(|(length, ..)| text.len() > length);
            if let Some(start) = start.filter(|_| longest && text.len() > 1) {
                found = Some((text.len(), at, span.start + 1 + offset - start));
            }
        }
    }
    found.map(|(_, at, offset)| (at, offset))
}

/// What may be meant at `offset`: the name with its dots, then the one word or sign.
fn words(sql: &str, offset: usize) -> Vec<&str> {
    let rest = sql.get(offset..).unwrap_or_default().trim_start_matches('"');
    let length = |within: &dyn Fn(char) -> bool| rest.find(|c| !within(c)).unwrap_or(rest.len());
    let long = length(&|c| is_word(c) || c == '.');
    let short = length(&is_word);
    let mut words = vec![&rest[..long], &rest[..short]];
    words.retain(|word| !word.is_empty());
    words.dedup();
    words
}

/// Shows the frame `first`, at `offset` of its file, and in notes the others and their iterations.
pub fn at_frame(templates: &Templates, frames: &[Frame], first: usize, offset: Option<usize>) -> Located {
    let frame = &frames[first];
    let place = templates.at(&frame.file, offset.unwrap_or(frame.offset));
    // Each note once, with the number of times: a macro that calls itself without end does so a hundred times.
    let mut notes: Vec<(String, usize)> = Vec::new();
    let mut note = |text: String, times: usize| match notes.iter_mut().find(|(other, _)| *other == text) {
        Some((_, all)) => *all += times,
        None => notes.push((text, 1)),
    };
    for (at, other) in frames.iter().enumerate().rev() {
        let there = templates.at(&other.file, other.offset);
        let same = at == first || (there.file == place.file && there.line == place.line);
        if !same {
            let what = match other.is_include {
                true => "included at",
                false if at < first || other.file == place.file => "called at",
                false => "within",
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
    let line = templates.at(file, iteration.offset).line;
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
