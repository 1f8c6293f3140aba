//! From errors of Jinja and of DuckDB back to the analyst's own line.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::{Error, ErrorKind, OutputSpan, OutputSpanKind};

use super::config;
use super::tags;
use super::trace::{Iteration, Marks, Spot};
use super::{Located, Templates};
use crate::problem::{Place, Problem};

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
    pub fn new(spans: &[OutputSpan], prefixes: &BTreeMap<String, usize>) -> Self {
        let piece = |span: &OutputSpan| Piece {
            file: span.name().to_owned(),
            output: span.output_range(),
            source: span.source_range().start.saturating_sub(prefixes.get(span.name()).copied().unwrap_or(0)),
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

/// An error of Jinja that stopped a rendering, at its place, with the calls and iterations that led to it.
pub fn problem(error: &Error, templates: &Templates, marks: Option<&Marks>) -> Problem {
    // An error of an included file is wrapped at the include.
    let mut innermost = error;
    while let Some(inner) =
        std::error::Error::source(innermost).and_then(|inner| inner.downcast_ref::<Error>())
    {
        innermost = inner;
    }
    let problem = explained(innermost);
    let Some(file) = innermost.name() else {
        // What is computed late, when it is written out, fails at the expression that writes it.
        let spots = marks.map(Marks::running).unwrap_or_default();
        let Some(last) = spots.len().checked_sub(1) else { return problem };
        let located = at_one(templates, &spots, last, None);
        return problem.at(located.place).noting(located.notes);
    };
    let source = templates.source(file);
    let key = innermost.detail().and_then(|detail| detail.strip_prefix("config `")?.split_once('`'));
    if let Some(place) = key.and_then(|(key, _)| config::value_place(file, source, key, 0)) {
        return problem.at(place);
    }
    let Some(range) = innermost.range() else {
        let line = innermost.line().unwrap_or(1);
        let text = source.lines().nth(line - 1).unwrap_or_default().to_owned();
        return problem.at(Place { file: file.to_owned(), line, column: 0, text });
    };
    let prefix = templates.prefixes.get(file).copied().unwrap_or(0);
    let offset = range.start.saturating_sub(prefix);
    let text = source.get(offset..range.end.saturating_sub(prefix)).unwrap_or_default();
    let unknown =
        (innermost.kind() == ErrorKind::UndefinedError).then(|| unknown(source, offset, text)).flatten();
    let (offset, problem) = match (unknown, innermost.detail()) {
        (Some((at, name)), None) => {
            (offset + at, Problem { message: format!("`{name}` is undefined"), ..problem })
        }
        _ => (offset, problem),
    };
    let Some(marks) = marks else {
        return problem.at(Place::at_offset(file, source, offset));
    };
    let mut spots = marks.running();
    // The innermost call may be the very expression that failed.
    let is_here = |spot: &Spot| spot.file == file && spot.expression.contains(&offset);
    if spots.last().is_some_and(is_here) {
        spots.pop();
    }
    let loops = marks.around(file, offset);
    spots.push(Spot { file: file.to_owned(), offset, expression: 0..0, loops });
    if let Some(at) = handed_over(innermost, templates, &spots) {
        let located = at_one(templates, &spots, at.0, Some(at.1));
        return problem.at(located.place).noting(located.notes);
    }
    // A parameter without a value is the mistake of who calls.
    let missing = innermost.kind() == ErrorKind::UndefinedError && is_parameter(source, offset, text);
    if missing && spots.len() > 1 {
        let located = at_one(templates, &spots, spots.len() - 2, None);
        let message = format!("the macro gets no argument `{text}` here");
        return Problem { message, hint: None, ..problem }.at(located.place).noting(located.notes);
    }
    let located = at_one(templates, &spots, spots.len() - 1, None);
    problem.at(located.place).noting(located.notes)
}

/// Where the name stands that was undefined when a macro was called, as Jinja tells: `(from FILE:LINE)`.
fn handed_over(error: &Error, templates: &Templates, spots: &[Spot]) -> Option<(usize, usize)> {
    let detail = error.detail()?;
    let name = detail.split('`').nth(1)?;
    let (file, line) = detail.rsplit_once("from ")?.1.trim_end_matches(')').rsplit_once(':')?;
    let line: usize = line.parse().ok()?;
    let at = spots.iter().rposition(|spot| spot.file == file)?;
    let source = templates.source(file);
    let start: usize = source.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let text = source.get(start..)?.lines().next()?;
    Some((at, start + tags::mentions(text, name).next()?))
}

/// Whether `name` is a parameter of the macro around `offset`.
fn is_parameter(source: &str, offset: usize, name: &str) -> bool {
    let pieces = tags::pieces(source);
    let mut heads = pieces.iter().rev().filter(|piece| piece.start < offset && piece.word() == "macro");
    heads.next().is_some_and(|head| tags::mentions(head.text, name).next().is_some())
}

/// The first name in `text`, an expression at `offset`, that nothing in the file defines.
fn unknown<'a>(source: &str, offset: usize, text: &'a str) -> Option<(usize, &'a str)> {
    const WORDS: [&str; 12] =
        ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "loop", "reference_date"];
    let defined = |name: &str| {
        WORDS.contains(&name)
            || tags::pieces(source)
                .iter()
                .filter(|piece| piece.start < offset && ["for", "set", "macro"].contains(&piece.word()))
                .any(|piece| {
                    tags::mentions(piece.text.split('=').next().unwrap_or(""), name).next().is_some()
                })
    };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.chars().next()?;
        if first == '\'' || first == '"' {
            at = tags::end_of_text(text.as_bytes(), at, first as u8);
            continue;
        }
        let length = rest.find(|c| !tags::is_word(c)).unwrap_or(rest.len());
        let name = &rest[..length];
        let calls = rest[length..].starts_with('(');
        let member = text[..at].ends_with(['.', '|']);
        if length > 0 && !first.is_ascii_digit() && !calls && !member && !defined(name) {
            return Some((at, name));
        }
        at += length.max(first.len_utf8());
    }
    None
}

/// An error of Jinja in a file that cannot be read at all.
pub fn syntax(error: &Error, file: &str, source: &str, prefix: usize) -> Problem {
    if let Some((piece, message)) = tags::unpaired(source) {
        return Problem::usage(message).at(Place::at_offset(file, source, piece.start));
    }
    let problem = explained(error);
    match (error.range(), error.line()) {
        (Some(range), _) => problem.at(Place::at_offset(file, source, range.start.saturating_sub(prefix))),
        (None, Some(line)) => {
            let text = source.lines().nth(line - 1).unwrap_or_default().to_owned();
            problem.at(Place { file: file.to_owned(), line, column: 0, text })
        }
        (None, None) => problem.at_least(file, source),
    }
}

fn explained(error: &Error) -> Problem {
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "this template does not come to an end: a loop is too long".to_owned(),
        (ErrorKind::UndefinedError, None) => "a value is undefined".to_owned(),
        (ErrorKind::UnknownFunction, Some(detail)) => {
            detail.replace(" is unknown", "() is not a function or macro")
        }
        (ErrorKind::MissingArgument, _) => "an argument is missing".to_owned(),
        (ErrorKind::TooManyArguments, detail) => detail.unwrap_or("there are too many arguments").to_owned(),
        (_, Some("recursion limit exceeded")) => "macros or includes call each other without end".to_owned(),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    let hint = match error.kind() {
        ErrorKind::UndefinedError => {
            Some("every file knows: reference_date, source(), ref(), var() and the macros")
        }
        ErrorKind::UnknownFunction => {
            Some("macros live in queries/macros/; functions: config, source, ref, outcome, var")
        }
        ErrorKind::TemplateNotFound => {
            Some("only SQL files of the project can be included, by their path from its top")
        }
        _ => None,
    };
    Problem::usage(message).maybe_hint(hint.map(str::to_owned))
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
    for token in tokens(sql, offset) {
        for (at, spot) in spots.iter().enumerate().rev() {
            let text = templates.source(&spot.file).get(spot.expression.clone()).unwrap_or_default();
            let word = tags::mentions(text, token).next();
            if let Some(word) = word {
                return Some(at_one(templates, spots, at, Some(spot.expression.start + word)));
            }
        }
        // A value that was set before: the place where it is written, if there is only one.
        let file = &spots[0].file;
        if let Some(word) = tags::only_mention(templates.source(file), token).filter(|_| token.len() > 2) {
            let mut spots = spots.to_vec();
            let loops = std::mem::take(&mut spots[0].loops);
            spots.push(Spot { file: file.clone(), offset: word, expression: 0..0, loops });
            return Some(at_one(templates, &spots, spots.len() - 1, None));
        }
    }
    Some(at_one(templates, spots, 0, None))
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
fn at_one(templates: &Templates, spots: &[Spot], first: usize, offset: Option<usize>) -> Located {
    let spot = &spots[first];
    let place = Place::at_offset(&spot.file, templates.source(&spot.file), offset.unwrap_or(spot.offset));
    let mut notes = Vec::new();
    for (at, other) in spots.iter().enumerate().rev() {
        let there = Place::at_offset(&other.file, templates.source(&other.file), other.offset);
        let same = at == first || (there.file == place.file && there.line == place.line);
        if !same {
            let what = if at < first || other.file == place.file { "called at" } else { "within" };
            let text = there.text.trim();
            let text: String = text.chars().take(80).collect();
            notes.push(format!("{what} {}:{}:{}: {text}", there.file, there.line, there.column));
        }
        for iteration in &other.loops {
            let note = iteration_note(templates, iteration, &other.file, &place.file);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    Located { place, notes }
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
