//! A rendering that Jinja stopped as the analyst's mistake.

use std::error::Error as _;

use minijinja::{Error, ErrorKind};

use super::Templates;
use super::functions::CONFIG_AGAIN;
use super::locate::at_frame;
use super::names::{self, FUNCTIONS};
use super::tokens::{self, Span};
use super::trace::{Frame, Tracer};
use crate::problem::{Problem, is_word, mentions, nearest};

/// An error of Jinja that stopped a rendering, at its place, with the calls and iterations that led to it.
pub fn problem(error: &Error, templates: &Templates, tracer: Option<&Tracer>) -> Problem {
    // An error of an included file is wrapped at the include.
    let mut innermost = error;
    while let Some(inner) = innermost.source().and_then(|inner| inner.downcast_ref()) {
        innermost = inner;
    }
    let mut frames = tracer.map(Tracer::running).unwrap_or_default();
    let at = |problem: Problem, frames: &[Frame], first: usize, offset: Option<usize>| {
        at_frame(templates, frames, first, offset).of(problem)
    };
    let Some(file) = innermost.name() else {
        // What is computed late, when it is written out, fails at the expression that writes it.
        let problem = explained(innermost);
        return match frames.len().checked_sub(1) {
            Some(last) => at(problem, &frames, last, None),
            None => problem,
        };
    };
    let source = templates.source(file);
    let span = span(innermost, templates, file, &frames);
    let text = source.get(span.clone()).unwrap_or_default();
    let (problem, offset) = guess(innermost, templates, source, &span);
    let key = innermost.detail().and_then(|detail| detail.strip_prefix("config `")?.split_once('`'));
    if let Some(place) = key.and_then(|(key, _)| templates.keys(file).value(key, 0)) {
        return problem.at(place);
    }
    let Some(tracer) = tracer else {
        return problem.at(templates.at(file, offset));
    };
    // A file that is included has no config of its own.
    let include = frames.iter().rposition(|frame| frame.is_include);
    if let Some(include) = include.filter(|_| innermost.detail() == Some(CONFIG_AGAIN)) {
        let message = format!("`{file}` has a config: it is a table of its own, and cannot be included");
        let hint = Some("ref() reads a table; only files without a config are included".to_owned());
        return at(Problem { message, hint, ..problem }, &frames[..=include], include, None);
    }
    // The innermost call may be the very expression that failed.
    let is_here =
        |frame: &Frame| frame.file == file && frame.call.as_ref().is_some_and(|call| call.contains(&offset));
    if frames.last().is_some_and(is_here) {
        frames.pop();
    }
    let loops = tracer.around(file, offset);
    frames.push(Frame { loops, ..Frame::at(file, offset) });
    if let Some((first, offset)) = handed_over(innermost, templates, &frames) {
        return at(problem, &frames, first, Some(offset));
    }
    // A parameter without a value is the mistake of who calls.
    let missing = innermost.kind() == ErrorKind::UndefinedError && is_parameter(source, offset, text);
    if missing && frames.len() > 1 {
        let caller = frames.len() - 2;
        let (problem, offset) = without_argument(problem, templates, &frames[caller], text);
        return at(problem, &frames, caller, offset);
    }
    at(problem, &frames, frames.len() - 1, None)
}

/// A macro was called without its argument `parameter`, or with one that is undefined: Jinja does not tell which name
/// was handed over.
fn without_argument(
    problem: Problem,
    templates: &Templates,
    caller: &Frame,
    parameter: &str,
) -> (Problem, Option<usize>) {
    let there = templates.source(&caller.file);
    let call = caller.call.clone().unwrap_or_default();
    let unknown = names::unknown(there, &call).filter(|(_, name)| !templates.macros.contains_key(*name));
    let Some((offset, name)) = unknown else {
        let message = format!("the macro gets no argument `{parameter}` here");
        let hint = signature(templates, there, &there[call]);
        return (Problem { message, hint, ..problem }, None);
    };
    let problem = Problem { message: format!("`{name}` is undefined"), ..problem };
    (problem.maybe_hint(meant(name, templates, there, call.start)), Some(offset))
}

/// The bytes of the file that failed.
fn span(error: &Error, templates: &Templates, file: &str, running: &[Frame]) -> Span {
    if let Some(range) = error.range() {
        return templates.origin(file, range.start)..templates.origin(file, range.end);
    }
    running.last().filter(|frame| frame.file == file).and_then(|frame| frame.call.clone()).unwrap_or(0..0)
}

/// What is wrong, and where exactly.
fn guess(error: &Error, templates: &Templates, source: &str, span: &Span) -> (Problem, usize) {
    let problem = explained(error);
    let text = source.get(span.clone()).unwrap_or_default();
    let meant = |name: &str| meant(name, templates, source, span.start);
    match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, detail) => {
            let told = detail.and_then(|detail| detail.split('`').nth(1)).unwrap_or_default();
            let mentioned = mentions(text, told).next().map(|at| (at, told));
            let unknown = || names::unknown(source, span).map(|(at, name)| (at - span.start, name));
            let Some((at, name)) = mentioned.or_else(unknown) else {
                let Some(at) = tokens::in_set(source, told) else { return (problem, span.start) };
                return (problem.hint(format!("a text stands between quotes: '{told}'")), at);
            };
            let message = if detail.is_none() { format!("`{name}` is undefined") } else { problem.message };
            let quotes = |function| format!("put quotes around the name: {function}('{name}')");
            let hint = quoting(&text[..at]).map(quotes).or_else(|| meant(name));
            (Problem { message, ..problem }.maybe_hint(hint), span.start + at)
        }
        (ErrorKind::UnknownFunction, Some(detail)) => {
            let name = detail.split(' ').next().unwrap_or_default();
            (problem.maybe_hint(meant(name)), span.start + mentions(text, name).next().unwrap_or(0))
        }
        (ErrorKind::InvalidOperation, Some(detail)) if detail.ends_with("is not callable") => {
            let called = text.split('(').next().unwrap_or_default().trim();
            let message = if detail.contains("undefined") {
                format!("`{called}` is undefined: nothing is there to call")
            } else {
                format!("`{called}` is a value: it cannot be called")
            };
            (Problem { message, ..problem }.maybe_hint(meant(called)), span.start)
        }
        (ErrorKind::MissingArgument | ErrorKind::TooManyArguments, _) => {
            let own = "each argument of config is a key with its value: key = 'seller_id'";
            let is_config = text.starts_with("config");
            let hint = if is_config { Some(own.to_owned()) } else { signature(templates, source, text) };
            (problem.maybe_hint(hint), span.start)
        }
        (ErrorKind::InvalidOperation, Some(detail))
            if detail.contains("operator")
                && text.contains("reference_date")
                && text.contains(['-', '+']) =>
        {
            let hint =
                "a date is shifted by a macro: days_before(reference_date, 30), days_after, months_before";
            (problem.hint(hint), span.start)
        }
        _ => (problem, span.start),
    }
}

/// What is near a name at `offset` of a file: its own variables, the functions and the macros.
fn meant(name: &str, templates: &Templates, source: &str, offset: usize) -> Option<String> {
    let macros = templates.macros.keys().map(String::as_str);
    let own = names::in_scope(source, offset).into_iter();
    let near = nearest(name, own.chain(macros).chain(FUNCTIONS).chain(["reference_date"]))?;
    (near != name).then(|| format!("did you mean `{near}`?"))
}

/// The function whose argument begins behind `text`, where a name in quotes has to stand.
fn quoting(text: &str) -> Option<&str> {
    let head = text.trim_end().strip_suffix('(')?.trim_end();
    ["source", "ref", "outcome", "var"]
        .into_iter()
        .find(|function| head.strip_suffix(function).is_some_and(|before| !before.ends_with(is_word)))
}

/// How the macro is called that `text` calls: `queries/macros/ratio.sql has ratio(numerator, denominator)`.
fn signature(templates: &Templates, source: &str, text: &str) -> Option<String> {
    let name = text.split(|c: char| !is_word(c)).next().filter(|name| !name.is_empty())?;
    let (whose, source) = match templates.macros.get(name) {
        Some(file) => (file.as_str(), templates.source(file)),
        None => ("this file", source),
    };
    let segments = tokens::read(source).all;
    let head = segments.iter().find(|segment| {
        segment.keyword() == "macro" && segment.names().nth(1).is_some_and(|own| own == name)
    })?;
    let (_, first) = head.tokens.get(1)?;
    Some(format!("{whose} has {}", &source[first.start..head.inner().end]))
}

/// The frame and place of a name that a macro was called with: of one that was undefined there, as Jinja tells by `(from
/// FILE:LINE)`, and of one that is no table's.
fn handed_over(error: &Error, templates: &Templates, frames: &[Frame]) -> Option<(usize, usize)> {
    let detail = error.detail()?;
    let name = detail.split('`').nth(1)?;
    let from = detail.rsplit_once("from ").and_then(|(_, from)| from.trim_end_matches(')').rsplit_once(':'));
    let is_wanted = |frame: &Frame| match from {
        Some((file, line)) if line.parse::<usize>().is_ok() => frame.file == file,
        _ => detail.starts_with("there is no "),
    };
    frames.iter().enumerate().rev().filter(|(_, frame)| is_wanted(frame)).find_map(|(at, frame)| {
        let call = frame.call.clone()?;
        let found = mentions(&templates.source(&frame.file)[call.clone()], name).next()?;
        Some((at, call.start + found))
    })
}

/// Whether `name` is a parameter of the macro around `offset`.
fn is_parameter(source: &str, offset: usize, name: &str) -> bool {
    let segments = tokens::read(source).all;
    let mut heads = segments.iter().rev().filter(|s| s.span.start < offset && s.keyword() == "macro");
    heads.next().is_some_and(|head| head.names().skip(2).any(|own| own == name))
}

pub fn explained(error: &Error) -> Problem {
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "this template does not come to an end: a loop is too long".to_owned(),
        (ErrorKind::UndefinedError, None) => "a value is undefined".to_owned(),
        (ErrorKind::UnknownFunction, Some(detail)) => {
            detail.replace(" is unknown", "() is not a function or macro")
        }
        (ErrorKind::MissingArgument, _) => "an argument is missing".to_owned(),
        (ErrorKind::TooManyArguments, detail) => detail.unwrap_or("there are too many arguments").to_owned(),
        (_, Some("non-keyword arg after keyword arg")) => "this argument has no key".to_owned(),
        (_, Some("recursion limit exceeded")) => "macros or includes call each other without end".to_owned(),
        // The place shows where it came from.
        (_, Some(detail)) => match detail.rsplit_once("from ") {
            Some((what, place)) if what.ends_with('(') || place.ends_with(')') => {
                what.trim_end_matches([' ', '(', ',']).to_owned()
            }
            _ => detail.to_owned(),
        },
        (kind, None) => kind.to_string(),
    };
    let told = error.source().and_then(|inner| inner.downcast_ref::<Problem>());
    let hint = match error.kind() {
        _ if told.is_some() => told.and_then(|problem| problem.hint.as_deref()),
        ErrorKind::UndefinedError => {
            Some("every file knows: reference_date, source(), ref(), var() and the macros")
        }
        ErrorKind::UnknownFunction => {
            Some("macros live in queries/macros/; functions: config, source, ref, outcome, var")
        }
        ErrorKind::SyntaxError if error.detail() == Some("non-keyword arg after keyword arg") => {
            Some("a key and its value are written `key = 'seller_id'`")
        }
        ErrorKind::SyntaxError if error.detail().is_some_and(|it| it.starts_with("unexpected `=`")) => {
            Some("`==` compares; `=` gives a value to a name")
        }
        ErrorKind::TemplateNotFound => {
            Some("only SQL files of the project can be included, by their path from its top")
        }
        _ => None,
    };
    Problem::usage(message).maybe_hint(hint.map(str::to_owned))
}
