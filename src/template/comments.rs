//! A `--` comment reaches to the end of its line: nothing of another line may become part of it.

use minijinja::{OutputSpan, OutputSpanKind};

use super::Templates;
use super::compiled::Edit;
use super::tokens::{Part, Segment, Span};
use crate::problem::{Place, Problem};

/// In what a piece of SQL ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sql {
    Code,
    Quoted(char),
    Line,
    Block,
}

impl Sql {
    fn after(self, c: char, next: Option<char>) -> Self {
        match (self, c, next) {
            (Self::Code, '-', Some('-')) => Self::Line,
            (Self::Code, '/', Some('*')) => Self::Block,
            (Self::Code, '\'' | '"', _) => Self::Quoted(c),
            (Self::Quoted(quote), _, _) if c == quote => Self::Code,
            (Self::Line, '\n', _) | (Self::Block, '*', Some('/')) => Self::Code,
            (state, _, _) => state,
        }
    }

    /// Reads on; `told` hears of each byte's state after it.
    fn read(mut self, text: &str, mut told: impl FnMut(usize, Self)) -> Self {
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            self = self.after(c, chars.peek().map(|(_, next)| *next));
            told(at, self);
        }
        self
    }
}

/// Where a comment stands when a tag takes a line end away, a line end is put in.
pub fn keep_apart(source: &str, all: &[Segment<'_>], edits: &mut Vec<Edit>) {
    let mut state = Sql::Code;
    let mut end = 0;
    for segment in all {
        if state == Sql::Line && source[end..segment.span.start].contains('\n') {
            edits.push(Edit::insert(end, "{{ '\\n' }}"));
            state = Sql::Code;
        }
        if segment.part == Part::Text {
            state = state.read(&source[segment.span.clone()], |_, _| {});
        }
        end = segment.span.end;
    }
}

/// SQL that became part of a comment which its own line does not show: one that an expression ends with, or one of the
/// iteration before.
pub fn swallowed(templates: &Templates, sql: &str, spans: &[OutputSpan]) -> Option<Problem> {
    comments(sql).into_iter().find_map(|comment| {
        let at = spans.partition_point(|span| span.output_range().end <= comment.start);
        let first = spans.get(at)?;
        let origin = |span: &OutputSpan, offset: usize| {
            let within =
                if span.kind() == OutputSpanKind::Raw { offset - span.output_range().start } else { 0 };
            templates.origin(span.name(), span.source_range().start + within)
        };
        let begins = origin(first, comment.start);
        let inside = spans[at + 1..].iter().take_while(|span| span.output_range().start < comment.end);
        let hidden = inside.filter(|span| {
            let range = span.output_range();
            let is_blank = sql[range.start..range.end.min(comment.end)].trim().is_empty();
            let there = origin(span, range.start);
            let shown = first.kind() == OutputSpanKind::Raw
                && span.name() == first.name()
                && templates.source(first.name()).get(begins..there).is_some_and(|text| !text.contains('\n'));
            !is_blank && !shown
        });
        let hidden = hidden.into_iter().next()?;
        let place = |span: &OutputSpan, at| Place::at_offset(span.name(), templates.source(span.name()), at);
        let comment = place(first, begins);
        Some(
            Problem::usage("this would become part of a `--` comment")
                .at(place(hidden, origin(hidden, hidden.output_range().start)))
                .noting(vec![format!(
                    "the comment begins at {}:{}:{}",
                    comment.file, comment.line, comment.column
                )])
                .hint("end the line of the comment there, or write it as /* … */"),
        )
    })
}

/// The `--` comments of SQL, without their line ends.
fn comments(sql: &str) -> Vec<Span> {
    let mut comments: Vec<Span> = Vec::new();
    let mut before = Sql::Code;
    Sql::Code.read(sql, |at, state| {
        match (before, state) {
            (Sql::Line, Sql::Line) => {
                if let Some(comment) = comments.last_mut() {
                    comment.end = at + 1;
                }
            }
            (_, Sql::Line) => comments.push(at..at + 1),
            _ => {}
        }
        before = state;
    });
    comments
}
