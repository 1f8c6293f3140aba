//! Why a file is no Jinja: quotes, brackets and statements that are opened and never closed.

use minijinja::Error;
use minijinja::machinery::Token;

use super::compiled::Compiled;
use super::errors::explained;
use super::tokens::{self, Part, Segment, Segments, Span};
use crate::problem::{Place, Problem, is_word, nearest};
use crate::sql::Brackets;

const SINGLE: [&str; 11] =
    ["elif", "else", "include", "import", "from", "extends", "do", "break", "continue", "raw", "endraw"];
const PAIRS: [&str; 9] = ["for", "if", "macro", "call", "filter", "block", "with", "autoescape", "set"];
/// What is said of the last word or sign before it.
pub const MISSING_COMMA: &str = "a comma is missing behind this";
/// Words of other languages.
const FOREIGN: [(&str, &str); 4] =
    [("elseif", "elif"), ("elsif", "elif"), ("foreach", "for"), ("let", "set")];

/// An error of Jinja in a file that cannot be read at all.
pub fn problem(error: &Error, file: &str, source: &str, compiled: &Compiled) -> Problem {
    let stumbled = error.range().map_or(source.len(), |range| compiled.origin(range.start));
    let segments = tokens::read(source);
    let reader = Reader { file, source, segments: &segments, stumbled };
    let wants_comma = error.detail().is_some_and(|detail| detail.contains("expected `,`"));
    let comma = || reader.comma().filter(|_| wants_comma);
    let plain = || explained(error).at(Place::at_offset(file, source, stumbled));
    reader.first().or_else(comma).unwrap_or_else(plain)
}

struct Reader<'a> {
    file: &'a str,
    source: &'a str,
    segments: &'a Segments<'a>,
    /// Where Jinja noticed that something is wrong.
    stumbled: usize,
}

impl Reader<'_> {
    fn at(&self, offset: usize, message: impl Into<String>) -> Problem {
        Problem::usage(message).at(Place::at_offset(self.file, self.source, offset))
    }

    /// The first thing that is opened and not closed.
    fn first(&self) -> Option<Problem> {
        let mut open: Vec<&Segment<'_>> = Vec::new();
        for segment in self.segments.all.iter().filter(|segment| segment.is_tag()) {
            match self.in_tag(segment) {
                Ok(None) => {}
                Ok(Some((offset, problem))) if !segment.is_closed || offset <= self.stumbled => {
                    return Some(problem);
                }
                // Behind the place where Jinja stumbled nothing can be the cause.
                Ok(Some(_)) | Err(()) => return None,
            }
            let start = segment.span.start;
            if !segment.is_closed {
                let closing = if segment.part == Part::Statement { "%}" } else { "}}" };
                return Some(self.at(start, format!("this tag is never closed with `{closing}`")));
            }
            let word = segment.keyword();
            let assigns = segment.tokens.iter().any(|(token, _)| matches!(token, Token::Assign));
            if segment.part == Part::Expression || (word == "set" && assigns) {
                continue;
            }
            if PAIRS.contains(&word) {
                open.push(segment);
            } else if let Some(what) = word.strip_prefix("end").filter(|what| PAIRS.contains(what)) {
                match open.pop() {
                    Some(opener) if opener.keyword() == what => {}
                    Some(opener) => return Some(self.never_closed(opener)),
                    None => return Some(self.at(start, format!("this `{word}` closes nothing"))),
                }
            } else if !SINGLE.contains(&word) {
                return Some(self.no_statement(segment));
            }
        }
        self.unread().or_else(|| open.pop().map(|opener| self.never_closed(opener)))
    }

    /// Where a comma makes Jinja read on, one is missing.
    fn comma(&self) -> Option<Problem> {
        let tokens = self.segments.all.iter().flat_map(|segment| &segment.tokens);
        let (_, before) = tokens.take_while(|(_, span)| span.end <= self.stumbled).last()?;
        let (head, tail) = self.source.split_at(before.end);
        let mended = format!("{head},{tail}");
        let read = super::environment(1).template_from_str(&mended).map(|_| usize::MAX);
        let until = read.unwrap_or_else(|error| error.range().map_or(0, |range| range.start));
        (until > self.stumbled + 1).then(|| self.at(before.start, MISSING_COMMA))
    }

    fn never_closed(&self, opener: &Segment<'_>) -> Problem {
        let word = opener.keyword();
        self.at(opener.span.start, format!("this `{word}` is never closed with `end{word}`"))
    }

    /// A comment or a `raw` without end: what follows is read no more.
    fn unread(&self) -> Option<Problem> {
        let from = self.segments.stopped?;
        let start = from + self.source[from..].find('{')?;
        let (what, closing) =
            if self.source[start..].starts_with("{#") { ("comment", "#}") } else { ("`raw`", "endraw") };
        Some(self.at(start, format!("this {what} is never closed with `{closing}`")))
    }

    fn no_statement(&self, segment: &Segment<'_>) -> Problem {
        let mut names = segment.names();
        let word = names.next().unwrap_or_default();
        // `end for` is one word.
        let joined = names.next().map(|next| format!("{word}{next}")).filter(|joined| {
            joined.strip_prefix("end").is_some_and(|what| PAIRS.contains(&what) || what == "raw")
        });
        let foreign = FOREIGN.iter().find(|(other, _)| *other == word).map(|(_, own)| (*own).to_owned());
        let ends: Vec<String> = PAIRS.iter().map(|what| format!("end{what}")).collect();
        let all = PAIRS.into_iter().chain(SINGLE).chain(ends.iter().map(String::as_str));
        let near = joined.or(foreign).or_else(|| nearest(word, all).map(str::to_owned));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        self.at(segment.inner().start, format!("there is no statement `{word}`{near}"))
    }

    /// A quote or bracket that is not closed within one tag, and its place. An error where Jinja's own words say more.
    fn in_tag(&self, tag: &Segment<'_>) -> Result<Option<(usize, Problem)>, ()> {
        let mut brackets = Brackets::default();
        for (token, span) in &tag.tokens {
            if matches!(token, Token::Str(_) | Token::String(_)) {
                match self.odd_quote(span.clone(), true) {
                    None => continue,
                    found => return Ok(found),
                }
            }
            let sign = &self.source[span.clone()];
            match brackets.read(span.start, sign) {
                Ok(()) => {}
                // On one line, the place where Jinja stumbled says more.
                Err(Some((from, open))) if self.source[from..span.start].contains('\n') => {
                    let message = format!("this `{open}` is never closed with `{}`", Brackets::closing(open));
                    let there = Place::at_offset(self.file, self.source, span.start);
                    let note = format!("which shows at {}:{}", self.file, there.line);
                    return Ok(Some((from, self.at(from, message).noting(vec![note]))));
                }
                // `{{ x }` with one brace too few.
                Err(None) if sign == "}" && tag.part == Part::Expression => {
                    let message = "a tag ends with `}}`: one `}` is missing here";
                    return Ok(Some((span.start, self.at(span.start, message))));
                }
                Err(_) => return Err(()),
            }
        }
        match self.segments.stopped.filter(|_| !tag.is_closed) {
            None => Ok(None),
            Some(at) if self.source[at..].starts_with(['\'', '"']) => {
                Ok(self.odd_quote(at..self.source.len(), false))
            }
            Some(_) => Err(()),
        }
    }

    /// A text that begins or ends in the middle of a word, or never ends: one quote too few or too many, here or before.
    fn odd_quote(&self, text: Span, is_closed: bool) -> Option<(usize, Problem)> {
        const HINT: &str = "a text stands between two quotes on one line; an apostrophe within it is written \\', or the \
                            text stands between double quotes";
        let is_part = |c: Option<char>| c.is_some_and(|c| is_word(c) || c == '\'' || c == '"');
        let opens_in_word = is_part(self.source[..text.start].chars().next_back());
        let closes_in_word = is_closed && is_part(self.source[text.end..].chars().next());
        let spans_lines = self.source[text.clone()].contains('\n');
        // Of a text over several lines, the first one lacks its quote; else the last of its quotes is one too many.
        let is_last = closes_in_word && !opens_in_word && !spans_lines;
        let at = if is_last { text.end - 1 } else { text.start };
        let message = if is_closed && !spans_lines {
            "a quote is missing here, or one too many"
        } else {
            "the text that begins here is not closed on its line: a quote is missing"
        };
        let is_odd = opens_in_word || closes_in_word || !is_closed;
        is_odd.then(|| (at, self.at(at, message).hint(HINT)))
    }
}
