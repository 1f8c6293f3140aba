//! A rendering that Jinja stopped, or a file that it cannot read, as the analyst's mistake.

use std::ops::Range;

use minijinja::{Error, ErrorKind};

use super::functions::Advice;
use super::locate::at_one;
use super::names::{self, FUNCTIONS};
use super::trace::{Marks, Spot};
use super::woven::Woven;
use super::{Templates, broken, config, tags};
use crate::problem::{Place, Problem, nearest};

/// An error of Jinja that stopped a rendering, at its place, with the calls and iterations that led to it.
pub fn problem(error: &Error, templates: &Templates, marks: Option<&Marks>) -> Problem {
    // An error of an included file is wrapped at the include.
    let mut innermost = error;
    while let Some(inner) =
        std::error::Error::source(innermost).and_then(|inner| inner.downcast_ref::<Error>())
    {
        innermost = inner;
    }
    let mut spots = marks.map(Marks::running).unwrap_or_default();
    let at = |problem: Problem, spots: &[Spot], first: usize, offset: Option<usize>| {
        let located = at_one(templates, spots, first, offset);
        problem.at(located.place).noting(located.notes)
    };
    let Some(file) = innermost.name() else {
        // What is computed late, when it is written out, fails at the expression that writes it.
        let problem = explained(innermost);
        return match spots.len().checked_sub(1) {
            Some(last) => at(problem, &spots, last, None),
            None => problem,
        };
    };
    let source = templates.source(file);
    let range = range(innermost, templates, file, &spots);
    let text = source.get(range.clone()).unwrap_or_default();
    let Guess { problem, offset } = guess(innermost, templates, source, &range);
    let key = innermost.detail().and_then(|detail| detail.strip_prefix("config `")?.split_once('`'));
    if let Some(place) = key.and_then(|(key, _)| config::value_place(file, source, key, 0)) {
        return problem.at(place);
    }
    let Some(marks) = marks else {
        return problem.at(Place::at_offset(file, source, offset));
    };
    // A file that is included has no config of its own.
    if innermost.detail() == Some(super::functions::CONFIG_AGAIN) {
        let include = spots
            .iter()
            .rposition(|spot| templates.source(&spot.file)[spot.expression.clone()].starts_with("include"));
        if let Some(include) = include {
            let message = format!("`{file}` has a config: it is a table of its own, and cannot be included");
            let hint = Some("ref() reads a table; only files without a config are included".to_owned());
            return at(Problem { message, hint, ..problem }, &spots[..=include], include, None);
        }
    }
    // The innermost call may be the very expression that failed.
    let is_here = |spot: &Spot| spot.file == file && spot.expression.contains(&offset);
    if spots.last().is_some_and(is_here) {
        spots.pop();
    }
    let loops = marks.around(file, offset);
    spots.push(Spot { file: file.to_owned(), offset, expression: 0..0, loops });
    if let Some((first, offset)) = handed_over(innermost, templates, &spots) {
        return at(problem, &spots, first, Some(offset));
    }
    // A parameter without a value is the mistake of who calls.
    let missing = innermost.kind() == ErrorKind::UndefinedError && is_parameter(source, offset, text);
    if missing && spots.len() > 1 {
        let caller = &spots[spots.len() - 2];
        let there = templates.source(&caller.file);
        let call = &there[caller.expression.clone()];
        // Within a macro Jinja does not tell which name was handed over undefined.
        let unknown = names::unknown(there, caller.expression.start, call);
        let unknown = unknown.filter(|(_, name)| !templates.macros.contains_key(*name));
        let (message, hint) = match unknown {
            Some((_, name)) => {
                let near = nearest(name, known(templates, there, caller.expression.start));
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                (format!("`{name}` is undefined"), hint.or(problem.hint))
            }
            None => (format!("the macro gets no argument `{text}` here"), signature(templates, there, call)),
        };
        let offset = unknown.map(|(at, _)| caller.expression.start + at);
        return at(Problem { message, hint, ..problem }, &spots, spots.len() - 2, offset);
    }
    at(problem, &spots, spots.len() - 1, None)
}

/// The bytes of the file that failed, as far as Jinja tells: a tag with a text over several lines is known by one of
/// its lines only.
fn range(error: &Error, templates: &Templates, file: &str, running: &[Spot]) -> Range<usize> {
    if let Some(range) = error.range() {
        return templates.origin(file, range.start)..templates.origin(file, range.end);
    }
    let line = templates.line(file, error.line().unwrap_or(1));
    let touches = |range: &Range<usize>| range.start < line.end && line.start < range.end;
    let last = running.last().filter(|spot| spot.file == file && touches(&spot.expression));
    let tag = || {
        let mut pieces = tags::pieces(templates.source(file)).into_iter();
        let is_tag = |sort| matches!(sort, tags::Sort::Expression | tags::Sort::Statement);
        let found = pieces.find(|piece| is_tag(piece.sort) && touches(&piece.range()))?;
        let (start, inner) = found.inner();
        Some(start..start + inner.len())
    };
    last.map(|spot| spot.expression.clone()).or_else(tag).unwrap_or(line)
}

/// What is wrong, and where exactly.
struct Guess {
    problem: Problem,
    offset: usize,
}

fn guess(error: &Error, templates: &Templates, source: &str, range: &Range<usize>) -> Guess {
    let problem = explained(error);
    let text = source.get(range.clone()).unwrap_or_default();
    let found = |problem: Problem, at: usize| Guess { problem, offset: range.start + at };
    match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, detail) => {
            let told = detail.and_then(|detail| detail.split('`').nth(1));
            let told = told.and_then(|name| Some((tags::mentions(text, name).next()?, name)));
            let Some((at, name)) = told.or_else(|| names::unknown(source, range.start, text)) else {
                return found(problem, 0);
            };
            let message = if detail.is_none() { format!("`{name}` is undefined") } else { problem.message };
            let near = || nearest(name, known(templates, source, range.start));
            let hint = match quoting(&text[..at]) {
                Some(function) => Some(format!("put quotes around the name: {function}('{name}')")),
                None => near().map(|near| format!("did you mean `{near}`?")),
            };
            found(Problem { message, hint: hint.or(problem.hint), ..problem }, at)
        }
        (ErrorKind::UnknownFunction, Some(detail)) => {
            let name = detail.split(' ').next().unwrap_or_default();
            let at = tags::mentions(text, name).next().unwrap_or(0);
            let near = nearest(name, known(templates, source, range.start));
            let hint = near.map(|near| format!("did you mean `{near}`?")).or(problem.hint.clone());
            found(Problem { hint, ..problem }, at)
        }
        (ErrorKind::MissingArgument | ErrorKind::TooManyArguments, _) => {
            let is_config = text.starts_with("config");
            let own = || "each argument of config is a key with its value: key = 'seller_id'".to_owned();
            let hint = if is_config { Some(own()) } else { signature(templates, source, text) };
            found(problem.maybe_hint(hint), 0)
        }
        (ErrorKind::InvalidOperation, Some(detail)) if detail.contains("operator") => {
            let is_shift = text.contains("reference_date") && text.contains(['-', '+']);
            let hint =
                "a date is shifted by a macro: days_before(reference_date, 30), days_after, months_before";
            found(problem.maybe_hint(is_shift.then(|| hint.to_owned())), 0)
        }
        _ => found(problem, 0),
    }
}

/// The function whose argument begins behind `text`, where a name in quotes has to stand.
fn quoting(text: &str) -> Option<&str> {
    let head = text.trim_end().strip_suffix('(')?.trim_end();
    ["source", "ref", "outcome", "var"]
        .into_iter()
        .find(|function| head.strip_suffix(function).is_some_and(|before| !before.ends_with(tags::is_word)))
}

/// What can be named at `offset` of a file: its own variables, the functions and the macros.
fn known<'a>(templates: &'a Templates, source: &'a str, offset: usize) -> Vec<&'a str> {
    let macros = templates.macros.keys().map(String::as_str);
    let mut known = names::in_scope(source, offset);
    known.extend(macros.chain(FUNCTIONS).chain(["reference_date"]));
    known
}

/// How the macro is called that `text` calls: `queries/macros/ratio.sql has ratio(numerator, denominator)`.
fn signature(templates: &Templates, source: &str, text: &str) -> Option<String> {
    let name = text.split(|c: char| !tags::is_word(c)).next().filter(|name| !name.is_empty())?;
    let (whose, source) = match templates.macros.get(name) {
        Some(file) => (file.as_str(), templates.source(file)),
        None => ("this file", source),
    };
    let pieces = tags::pieces(source);
    let head = pieces.iter().find_map(|piece| {
        let head = piece.inner().1.strip_prefix("macro")?.trim();
        (piece.word() == "macro" && head.strip_prefix(name)?.trim_start().starts_with('(')).then_some(head)
    })?;
    Some(format!("{whose} has {head}"))
}

/// Where the name stands that was undefined when a macro was called, as Jinja tells: `(from FILE:LINE)`.
fn handed_over(error: &Error, templates: &Templates, spots: &[Spot]) -> Option<(usize, usize)> {
    let detail = error.detail()?;
    let name = detail.split('`').nth(1)?;
    let (file, line) = from(detail)?;
    let at = spots.iter().rposition(|spot| spot.file == file)?;
    let line = templates.line(file, line);
    let start = line.start;
    let text = templates.source(file).get(line)?;
    Some((at, start + tags::mentions(text, name).next()?))
}

fn from(detail: &str) -> Option<(&str, usize)> {
    let (file, line) = detail.rsplit_once("from ")?.1.trim_end_matches(')').rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

/// Whether `name` is a parameter of the macro around `offset`.
fn is_parameter(source: &str, offset: usize, name: &str) -> bool {
    let pieces = tags::pieces(source);
    let mut heads = pieces.iter().rev().filter(|piece| piece.start < offset && piece.word() == "macro");
    heads.next().is_some_and(|head| tags::mentions(head.text, name).next().is_some())
}

/// An error of Jinja in a file that cannot be read at all.
pub fn syntax(error: &Error, file: &str, source: &str, woven: &Woven) -> Problem {
    let stumbled = match (error.range(), error.line()) {
        (Some(range), _) => Some(woven.origin(range.start)),
        (None, Some(line)) => Some(woven.line(source, line).start),
        (None, None) => None,
    };
    if let Some(found) = broken::find(source, stumbled.unwrap_or(source.len())) {
        let shows = found.shows.map(|at| Place::at_offset(file, source, at));
        let shows = shows.map(|place| format!("which shows at {file}:{}", place.line));
        return Problem::usage(found.message)
            .at(Place::at_offset(file, source, found.at))
            .noting(shows.into_iter().collect())
            .maybe_hint(found.hint.map(str::to_owned));
    }
    let problem = explained(error);
    match stumbled {
        Some(offset) => problem.at(Place::at_offset(file, source, offset)),
        None => problem.at_least(file, source),
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
        // The place shows where it came from.
        (_, Some(detail)) => match from(detail).and_then(|_| detail.rsplit_once("from ")) {
            Some((what, _)) => what.trim_end_matches([' ', '(', ',']).to_owned(),
            None => detail.to_owned(),
        },
        (kind, None) => kind.to_string(),
    };
    let advice = std::error::Error::source(error).and_then(|inner| inner.downcast_ref::<Advice>());
    let hint = match error.kind() {
        _ if advice.is_some() => advice.map(|Advice(text)| text.as_str()),
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
