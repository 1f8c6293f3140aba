//! Where each byte of the SQL came from when something failed: the calls it went through, and which iteration of which
//! loop made it.
//!
//! The files are rendered once more with marks in them. A mark is itself text that is rendered, so it passes through
//! macros, captures and filters like the text around it; taken out again, the SQL has to be the one that ran, or nothing
//! is said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::Rest;
use minijinja::{Environment, Error, State, Value};

use super::compiled::Edit;
use super::names;
use super::tokens::{Part, Segments, Span, gap_after, gap_before};

const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';
const END: char = '\u{E002}';

/// A place in a file that SQL went through, and the iterations of the loops around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub file: String,
    pub offset: usize,
    /// The expression or include; nothing where the SQL was copied as it stands.
    pub call: Option<Span>,
    pub is_include: bool,
    pub loops: Vec<Iteration>,
}

impl Frame {
    /// Copied text at `offset`, in no loop.
    pub fn at(file: &str, offset: usize) -> Self {
        Self { file: file.to_owned(), offset, call: None, is_include: false, loops: Vec::new() }
    }
}

/// `in the 3rd iteration of the loop of line 12: state = 'rj'`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iteration {
    pub offset: usize,
    pub number: u64,
    pub values: Vec<(String, String)>,
}

#[derive(Debug)]
struct Loop {
    file: String,
    offset: usize,
    names: Vec<String>,
    body: Span,
}

/// All places of a project's files that are marked, and what a rendering said at them.
#[derive(Debug, Default)]
pub struct Tracer {
    frames: Vec<Frame>,
    loops: Vec<Loop>,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    /// Every mark that was rendered, with the iterations at that moment.
    marks: Vec<Frame>,
    /// Calls at work, outermost first.
    running: Vec<Frame>,
    /// The last iteration of each loop.
    last: BTreeMap<usize, (u64, Vec<String>)>,
}

impl Tracer {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loops around `offset` of `file`, in the iteration they are in.
    pub fn around(&self, file: &str, offset: usize) -> Vec<Iteration> {
        self.around_in(&self.record(), file, offset)
    }

    fn around_in(&self, record: &Record, file: &str, offset: usize) -> Vec<Iteration> {
        let here = |(at, known): (usize, &Loop)| {
            let (number, values) = record.last.get(&at)?;
            (known.file == file && known.body.contains(&offset)).then(|| Iteration {
                offset: known.offset,
                number: *number,
                values: known.names.iter().cloned().zip(values.iter().cloned()).collect(),
            })
        };
        self.loops.iter().enumerate().filter_map(here).collect()
    }

    /// The calls at work when a rendering failed, outermost first.
    pub fn running(&self) -> Vec<Frame> {
        self.record().running.clone()
    }

    fn mark(&self, at: usize) -> String {
        let mut record = self.record();
        let Some(frame) = self.frames.get(at) else { return String::new() };
        let frame = Frame { loops: self.around_in(&record, &frame.file, frame.offset), ..frame.clone() };
        if frame.call.is_some() {
            record.running.push(frame.clone());
        }
        record.marks.push(frame);
        format!("{OPEN}{}{CLOSE}", record.marks.len() - 1)
    }

    fn end(&self) -> char {
        self.record().running.pop();
        END
    }

    /// Marks before every text and around every expression and include of a file.
    pub fn marks(&mut self, file: &str, source: &str, segments: &Segments<'_>) -> Vec<Edit> {
        let all = &segments.all;
        let mut edits = Vec::new();
        let mut open: Vec<Option<usize>> = Vec::new();
        for (at, segment) in all.iter().enumerate() {
            let inner = segment.inner();
            let (mark, number) = (self.frames.len(), self.loops.len());
            match (segment.part, segment.keyword()) {
                (Part::Text, _) => {
                    let text = &source[segment.span.clone()];
                    let start = segment.span.end - text.trim_start().len();
                    let gap = at.checked_sub(1).map_or(0, |before| all[before].span.end)..segment.span.start;
                    let is_raw = source[gap].trim_end().ends_with("%}");
                    if start < segment.span.end && !is_raw {
                        self.frames.push(Frame::at(file, start));
                        edits.push(Edit::insert(start, format!("{{{{ __mark({mark}) }}}}")));
                    }
                }
                (Part::Expression, _) => {
                    let call = Some(inner.clone());
                    self.frames.push(Frame { call, ..Frame::at(file, inner.start) });
                    edits.push(Edit::insert(inner.start, format!("__leave(__mark({mark}), ")));
                    edits.push(Edit::insert(inner.end, ")"));
                }
                (_, "include") => {
                    let include = Frame { is_include: true, ..Frame::at(file, inner.start) };
                    self.frames.push(Frame { call: Some(inner), ..include });
                    let before = format!("{{{{ __mark({mark}) }}}}");
                    edits.push(Edit::new(gap_before(source, all, at), before));
                    edits.push(Edit::new(gap_after(source, all, at), "{{ __end() }}"));
                }
                (_, "for") => {
                    open.push(Some(number));
                    let names: Vec<String> = names::bound(segment).into_iter().map(str::to_owned).collect();
                    let values = names.join(", ");
                    let told =
                        format!("{{% set __loop_{number} = __loop({number}, loop.index, {values}) +%}}");
                    let (file, body) = (file.to_owned(), segment.span.end..usize::MAX);
                    self.loops.push(Loop { file, offset: inner.start, names, body });
                    edits.push(Edit::new(gap_after(source, all, at), told));
                }
                (_, "if") => open.push(None),
                (_, "else") => {
                    if let Some(Some(number)) = open.last() {
                        self.loops[*number].body.end = segment.span.start;
                    }
                }
                (_, "endif") => drop(open.pop()),
                (_, "endfor") => {
                    if let Some(Some(number)) = open.pop() {
                        let body = &mut self.loops[number].body;
                        body.end = body.end.min(segment.span.start);
                    }
                }
                _ => {}
            }
        }
        edits
    }
}

/// The functions that the marks call.
pub fn register(env: &mut Environment<'_>, tracer: &Arc<Tracer>) {
    let of = Arc::clone(tracer);
    env.add_function("__mark", move |at: usize| of.mark(at));
    let of = Arc::clone(tracer);
    env.add_function("__end", move || of.end().to_string());
    let of = Arc::clone(tracer);
    env.add_function(
        "__leave",
        move |state: &mut State<'_, '_>, mark: &str, value: Value| -> Result<String, Error> {
            let text = state.format(value)?;
            Ok(format!("{mark}{text}{}", of.end()))
        },
    );
    let of = Arc::clone(tracer);
    env.add_function("__loop", move |at: usize, number: u64, values: Rest<Value>| {
        let values = values.iter().map(shown).collect();
        of.record().last.insert(at, (number, values));
    });
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
    let text: String = text.chars().filter(|c| ![OPEN, CLOSE, END].contains(c)).collect();
    let is_long = text.chars().count() > 60;
    if is_long { format!("{}…", text.chars().take(59).collect::<String>()) } else { text }
}

/// The SQL of a rendering with marks, and the marks by the byte that they stood before: where text begins that was copied,
/// where a call does, or nothing where one ends.
#[derive(Debug)]
pub struct Trace {
    pub sql: String,
    marks: Vec<(usize, Option<Frame>)>,
}

impl Trace {
    pub fn read(marked: &str, tracer: &Tracer) -> Self {
        let record = tracer.record();
        let (mut sql, mut marks) = (String::with_capacity(marked.len()), Vec::new());
        let mut rest = marked;
        while let Some(at) = rest.find([OPEN, END]) {
            sql.push_str(&rest[..at]);
            let mut frame = None;
            if let Some(mark) = rest[at..].strip_prefix(OPEN) {
                let (number, after) = mark.split_once(CLOSE).unwrap_or_default();
                frame = number.parse().ok().and_then(|at: usize| record.marks.get(at).cloned());
                rest = after;
            } else {
                rest = &rest[at + END.len_utf8()..];
            }
            marks.push((sql.len(), frame));
        }
        sql.push_str(rest);
        Self { sql, marks }
    }

    /// The frames that byte `offset` went through, outermost first; the last is where it stands.
    pub fn frames(&self, offset: usize) -> Vec<Frame> {
        // The calls at work, each with the text that stood last before it.
        let mut calls: Vec<(&Frame, Option<(&Frame, usize)>)> = Vec::new();
        let mut copied = None;
        for (start, mark) in self.marks.iter().take_while(|(start, _)| *start <= offset) {
            match mark {
                Some(frame) if frame.call.is_some() => calls.push((frame, copied.take())),
                Some(frame) => copied = Some((frame, *start)),
                None => copied = calls.pop().and_then(|(_, before)| before),
            }
        }
        let text = |(frame, start): (&Frame, usize)| Frame {
            offset: frame.offset + offset - start,
            ..frame.clone()
        };
        calls.into_iter().map(|(frame, _)| frame.clone()).chain(copied.map(text)).collect()
    }
}
