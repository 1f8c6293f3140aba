//! A `--` comment reaches to the end of its line: nothing of another line may become part of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use minijinja::{OutputSpan, OutputSpanKind};
use sqlparser::tokenizer::{Token, Whitespace};

use super::Templates;
use super::compiled::Edit;
use super::tokens::{Part, Segment, Span};
use crate::problem::{Place, Problem};
use crate::sql::{Token as SqlToken, lexemes};

/// Where a comment stands when a tag takes a line end away, a line end is put in. Files are compiled several times, as
/// they are and sealed: each is read once.
pub fn keep_apart(source: &str, all: &[Segment<'_>], edits: &mut Vec<Edit>) {
    static KNOWN: Mutex<BTreeMap<String, Vec<usize>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let ends = known.entry(source.to_owned()).or_insert_with(|| swallowing(source, all));
    edits.extend(ends.iter().map(|at| Edit::insert(*at, "{{ '\\n' }}")));
}

/// Where a tag would take away the line end of a comment.
fn swallowing(source: &str, all: &[Segment<'_>]) -> Vec<usize> {
    // The SQL with blanks for all that is none, each byte at its place; what tags take away keeps its line ends.
    let mut sql = String::with_capacity(source.len());
    let mut gaps: Vec<Span> = Vec::new();
    for segment in all {
        let gap = sql.len()..segment.span.start;
        sql.extend(source[gap.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        gaps.push(gap);
        match segment.part {
            Part::Text => sql.push_str(&source[segment.span.clone()]),
            _ => sql.extend(segment.span.clone().map(|_| ' ')),
        }
    }
    let gap = |comment: Span| Some(gaps.iter().find(|gap| gap.contains(&comment.end))?.start);
    comments(&lexemes(&sql).0).filter_map(gap).collect()
}

/// SQL that became part of a comment which its own line does not show: one that an expression ends with, or one of the
/// iteration before.
pub fn swallowed(
    templates: &Templates,
    sql: &str,
    lexemes: &[SqlToken<'_>],
    spans: &[OutputSpan],
) -> Option<Problem> {
    comments(lexemes).find_map(|comment| {
        let at = spans.partition_point(|span| span.output_range().end <= comment.start);
        let first = spans.get(at)?;
        let begins = templates.written(first, comment.start);
        let mut inside = spans[at + 1..].iter().take_while(|span| span.output_range().start < comment.end);
        let hidden = inside.find(|span| {
            let range = span.output_range();
            let is_blank = sql[range.start..range.end.min(comment.end)].trim().is_empty();
            let there = templates.written(span, range.start);
            let is_shown = first.kind() == OutputSpanKind::Raw
                && (&there.file, there.line) == (&begins.file, begins.line)
                && there.column >= begins.column;
            !is_blank && !is_shown
        })?;
        let Place { file, line, column, .. } = &begins;
        Some(
            Problem::usage("this would become part of a `--` comment")
                .at(templates.written(hidden, hidden.output_range().start))
                .noting(vec![format!("the comment begins at {file}:{line}:{column}")])
                .hint("end the line of the comment there, or write it as /* … */"),
        )
    })
}

/// The `--` comments among them, without their line ends.
fn comments(lexemes: &[SqlToken<'_>]) -> impl Iterator<Item = Span> {
    let comments = lexemes
        .iter()
        .filter(|token| matches!(token.lexeme, Token::Whitespace(Whitespace::SingleLineComment { .. })));
    comments.map(|token| token.range.start..token.range.start + token.text.trim_end_matches('\n').len())
}
