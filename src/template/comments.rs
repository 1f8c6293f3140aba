//! A `--` comment reaches to the end of its line: nothing of another line may become part of it.

use minijinja::{OutputSpan, OutputSpanKind};
use sqlparser::tokenizer::{Token, Whitespace};

use super::Templates;
use super::compiled::Edit;
use super::tokens::{Part, Segment, Span};
use crate::problem::{Place, Problem};
use crate::sql::lexemes;

/// Where a comment stands when a tag takes a line end away, a line end is put in.
pub fn keep_apart(source: &str, all: &[Segment<'_>], edits: &mut Vec<Edit>) {
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
    for comment in comments(&sql) {
        let gap = gaps.iter().find(|gap| gap.contains(&comment.end));
        edits.extend(gap.map(|gap| Edit::insert(gap.start, "{{ '\\n' }}")));
    }
}

/// SQL that became part of a comment which its own line does not show: one that an expression ends with, or one of the
/// iteration before.
pub fn swallowed(templates: &Templates, sql: &str, spans: &[OutputSpan]) -> Option<Problem> {
    comments(sql).into_iter().find_map(|comment| {
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

/// The `--` comments of SQL, without their line ends.
fn comments(sql: &str) -> Vec<Span> {
    let comments = lexemes(sql)
        .0
        .into_iter()
        .filter(|token| matches!(token.lexeme, Token::Whitespace(Whitespace::SingleLineComment { .. })));
    comments
        .map(|token| token.range.start..token.range.start + token.text.trim_end_matches('\n').len())
        .collect()
}
