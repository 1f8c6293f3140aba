//! From errors of Jinja and of DuckDB back to the analyst's own line.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::{Error, ErrorKind, OutputSpan, OutputSpanKind};

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

/// An error of Jinja, at its place. `source` is the file without the `prefix` bytes put before it.
pub fn problem(error: &Error, source: Option<&str>, prefix: usize) -> Problem {
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "this template does not come to an end: a loop is too long".to_owned(),
        (ErrorKind::UndefinedError, None) => "a value is undefined".to_owned(),
        (ErrorKind::UnknownFunction, Some(detail)) => {
            detail.replace(" is unknown", "() is not a function or macro")
        }
        (ErrorKind::MissingArgument, _) => "an argument is missing".to_owned(),
        (ErrorKind::TooManyArguments, detail) => detail.unwrap_or("there are too many arguments").to_owned(),
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
        _ => None,
    };
    let problem = Problem::usage(message).maybe_hint(hint.map(str::to_owned));
    let (Some(file), Some(source)) = (error.name(), source) else {
        return problem;
    };
    match (error.range(), error.line()) {
        (Some(range), _) => problem.at(Place::at_offset(file, source, range.start.saturating_sub(prefix))),
        (None, Some(line)) => {
            let text = source.lines().nth(line - 1).unwrap_or_default().to_owned();
            problem.at(Place { file: file.to_owned(), line, column: 0, text })
        }
        (None, None) => problem,
    }
}
