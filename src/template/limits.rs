//! How long a template may run, how much it may give, and how deep its tags may go.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Result;
use chrono::NaiveDate;
use minijinja::machinery::Token;

use super::Templates;
use super::tokens::Segments;
use crate::problem::{Place, Problem};
use crate::term;

/// Bytes of SQL that a template may give; DuckDB would take minutes to read more.
pub const LARGEST: usize = 4 << 20;

/// A template renders in milliseconds. What doubles a list sixty times uses no fuel, and would never end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the program when a template does not come to an end. What was built before stays, as after a kill.
pub struct Watch {
    _end: mpsc::Sender<()>,
}

impl Watch {
    pub fn start(file: &str, date: Option<NaiveDate>) -> Self {
        let (end, ended) = mpsc::channel();
        let problem = Problem::usage(format!(
            "`{file}` does not come to an end: {} s were not enough",
            PATIENCE.as_secs()
        ))
        .maybe_on(date)
        .hint("is there a loop that makes a text or a list longer each time? what was built before stays");
        std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                term::error(&problem.to_string());
                std::process::exit(2);
            }
        });
        Self { _end: end }
    }
}

/// Characters of code in one tag, texts in quotes not counted.
const LONGEST_TAG: usize = 16_000;
/// Enough for a tag of nothing but operators, each inside the one before.
const STACK: usize = 256 << 20;

/// Jinja is read by functions that call themselves.
pub fn on_a_deep_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::grow(STACK, work)
}

pub fn check_tags(file: &str, source: &str, segments: &Segments<'_>) -> Result<()> {
    for segment in segments.all.iter().filter(|segment| segment.is_tag()) {
        let code =
            segment.tokens.iter().filter(|(token, _)| !matches!(token, Token::Str(_) | Token::String(_)));
        if code.map(|(_, span)| span.len()).sum::<usize>() > LONGEST_TAG {
            return Err(Problem::usage(format!("this tag has more than {LONGEST_TAG} characters of code"))
                .at(Place::at_offset(file, source, segment.span.start))
                .hint("split it with `{% set … %}`, or let the SQL say it")
                .into());
        }
    }
    Ok(())
}

/// More SQL than anything reads, at the expression or text that gave most of it.
pub fn too_large(templates: &Templates, file: &str, sql: &str, spans: &[minijinja::OutputSpan]) -> Problem {
    let mut sizes: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for span in spans {
        *sizes.entry((span.name(), span.source_range().start)).or_default() += span.output_range().len();
    }
    let largest = sizes.into_iter().max_by_key(|(_, size)| *size).map_or((file, 0), |(place, _)| place);
    Problem::usage(format!("this template gives {} MB of SQL", sql.len() >> 20))
        .at(templates.at(largest.0, templates.origin(largest.0, largest.1)))
        .hint("4 MB is the most: make a loop shorter, or let the database do the repetition")
}
