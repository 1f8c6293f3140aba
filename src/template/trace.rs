//! Where each byte of the SQL came from when something failed: the macros it went through, and which iteration of
//! which loop made it.
//!
//! The files are rendered once more with marks in them. A mark is itself an expression, so it passes through macros,
//! captures and filters like the text around it; taken out again, the SQL has to be the one that ran, or nothing is said.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::{Environment, Value};

use super::tags::{self, Sort};
use super::woven::Woven;

const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';
const END: char = '\u{E002}';

/// A place in a file and the iterations of the loops around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub file: String,
    pub offset: usize,
    /// The expression's own text; empty where the SQL was copied as it stands.
    pub expression: Range<usize>,
    pub loops: Vec<Iteration>,
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
    body: Range<usize>,
}

/// All marks of a project's files, and what a rendering said at them.
#[derive(Debug, Default)]
pub struct Marks {
    spots: Vec<Spot>,
    loops: Vec<Loop>,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// Every mark that was rendered: its spot, and the iterations at that moment.
    marks: Vec<Spot>,
    /// Expressions that are being rendered now, outermost first.
    running: Vec<Spot>,
    /// The last iteration of each loop.
    last: BTreeMap<usize, (u64, Vec<String>)>,
}

impl Marks {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loops around `offset` of `file`, in the iteration they are in.
    pub fn around(&self, file: &str, offset: usize) -> Vec<Iteration> {
        self.around_in(&self.told(), file, offset)
    }

    fn around_in(&self, told: &Told, file: &str, offset: usize) -> Vec<Iteration> {
        let here = |(at, known): (usize, &Loop)| {
            let (number, values) = told.last.get(&at)?;
            (known.file == file && known.body.contains(&offset)).then(|| Iteration {
                offset: known.offset,
                number: *number,
                values: known.names.iter().cloned().zip(values.iter().cloned()).collect(),
            })
        };
        self.loops.iter().enumerate().filter_map(here).collect()
    }

    /// The calls at work when a rendering failed, outermost first.
    pub fn running(&self) -> Vec<Spot> {
        self.told().running.clone()
    }

    fn mark(&self, at: usize, opens: bool) -> String {
        let mut told = self.told();
        let Some(spot) = self.spots.get(at) else { return String::new() };
        let spot = Spot { loops: self.around_in(&told, &spot.file, spot.offset), ..spot.clone() };
        if opens {
            told.running.push(spot.clone());
        }
        told.marks.push(spot);
        format!("{OPEN}{}{CLOSE}", told.marks.len() - 1)
    }

    /// `source` as it is compiled, with marks before every text and around every expression and include.
    pub fn instrument(&mut self, file: &str, source: &str, woven: &Woven) -> String {
        let mut out = String::with_capacity(source.len() * 2);
        out.push_str(woven.before(0));
        let mut open: Vec<Option<usize>> = Vec::new();
        for piece in tags::pieces(source) {
            match piece.sort {
                Sort::Text => {
                    let lead = piece.text.len() - piece.text.trim_start().len();
                    let (space, text) = piece.text.split_at(lead);
                    out.push_str(space);
                    if !text.is_empty() {
                        let at = self.spot(file, piece.start + lead, 0..0);
                        let _ = write!(out, "{{{{ __text({at}) }}}}{text}");
                    }
                }
                Sort::Expression => {
                    let (start, inner) = piece.inner();
                    let at = self.spot(file, start, start..start + inner.len());
                    let lead = if piece.text.starts_with("{{-") { "-" } else { "" };
                    let trail = piece.sign();
                    let _ =
                        write!(out, "{{{{{lead} __begin({at}) }}}}{}{{{{ __end() {trail}}}}}", piece.text);
                }
                Sort::Closed => out.push_str(piece.text),
                Sort::Statement if piece.word() == "include" => self.include(file, &piece, &mut out),
                Sort::Statement => {
                    out.push_str(piece.text);
                    match piece.word() {
                        "for" => {
                            let at = self.begin_loop(file, &piece);
                            open.push(Some(at));
                            let names = self.loops[at].names.join(", ");
                            let sign = piece.sign();
                            let _ = write!(
                                out,
                                "{{% set __loop_{at} = __loop({at}, loop.index, {names}) {sign}%}}"
                            );
                        }
                        "if" => open.push(None),
                        "else" => {
                            if let Some(Some(at)) = open.last() {
                                self.loops[*at].body.end = piece.start;
                            }
                        }
                        "endif" => drop(open.pop()),
                        "endfor" => {
                            if let Some(Some(at)) = open.pop() {
                                let body = &mut self.loops[at].body;
                                body.end = body.end.min(piece.start);
                            }
                        }
                        _ => {}
                    }
                }
            }
            out.push_str(woven.before(piece.range().end));
        }
        out
    }

    /// An include between marks. Blanks that stand before it on its line are taken out, as Jinja does where no mark stands
    /// between.
    fn include(&mut self, file: &str, piece: &tags::Piece<'_>, out: &mut String) {
        let (start, inner) = piece.inner();
        let at = self.spot(file, start, start..start + inner.len());
        let lead = if piece.text.starts_with("{%-") { "-" } else { "" };
        let line = out.rfind('\n').map_or(0, |end| end + 1);
        if !piece.text.starts_with("{%+") && out[line..].trim_matches([' ', '\t']).is_empty() {
            out.truncate(line);
        }
        let _ = write!(out, "{{{{{lead} __begin({at}) }}}}{}{{{{ __end() }}}}", piece.text);
    }

    fn spot(&mut self, file: &str, offset: usize, expression: Range<usize>) -> usize {
        self.spots.push(Spot { file: file.to_owned(), offset, expression, loops: Vec::new() });
        self.spots.len() - 1
    }

    fn begin_loop(&mut self, file: &str, piece: &tags::Piece<'_>) -> usize {
        let (offset, inner) = piece.inner();
        let head = inner.strip_prefix("for").unwrap_or(inner);
        let head = head.split_once(" in ").map_or(head, |(names, _)| names);
        let names = head.split(|c: char| !tags::is_word(c)).filter(|name| !name.is_empty());
        self.loops.push(Loop {
            file: file.to_owned(),
            offset,
            names: names.map(str::to_owned).collect(),
            body: piece.range().end..usize::MAX,
        });
        self.loops.len() - 1
    }
}

/// The functions that the marks call.
pub fn register(env: &mut Environment<'_>, marks: &Arc<Marks>) {
    let of = Arc::clone(marks);
    env.add_function("__text", move |at: usize| of.mark(at, false));
    let of = Arc::clone(marks);
    env.add_function("__begin", move |at: usize| of.mark(at, true));
    let of = Arc::clone(marks);
    env.add_function("__end", move || {
        of.told().running.pop();
        END.to_string()
    });
    let of = Arc::clone(marks);
    env.add_function("__loop", move |at: usize, number: u64, values: minijinja::value::Rest<Value>| {
        let values = values.iter().map(shown).collect();
        of.told().last.insert(at, (number, values));
    });
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
    let text: String = text.chars().filter(|c| ![OPEN, CLOSE, END].contains(c)).collect();
    if text.chars().count() <= 60 {
        text
    } else {
        format!("{}…", text.chars().take(59).collect::<String>())
    }
}

/// One stretch of the SQL: the calls that it went through, outermost first, and the text it was copied from.
#[derive(Debug)]
struct Stretch {
    start: usize,
    through: Vec<Spot>,
    copied: Option<(Spot, usize)>,
}

/// The SQL of a marked rendering, and where each byte of it came from.
#[derive(Debug)]
pub struct Trace {
    pub sql: String,
    stretches: Vec<Stretch>,
}

impl Trace {
    pub fn read(marked: &str, marks: &Marks) -> Self {
        let told = marks.told();
        let mut sql = String::with_capacity(marked.len());
        let mut stretches = Vec::new();
        // The calls being unfolded, each with the text that stood last before it.
        let mut calls: Vec<(Spot, Option<(Spot, usize)>)> = Vec::new();
        let mut copied = None;
        let mut rest = marked;
        while let Some(at) = rest.find([OPEN, END]) {
            sql.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix(END) {
                rest = after;
                copied = calls.pop().and_then(|(_, before)| before);
            } else {
                let (number, after) = rest[OPEN.len_utf8()..].split_once(CLOSE).unwrap_or_default();
                rest = after;
                let Some(spot) = number.parse().ok().and_then(|at: usize| told.marks.get(at)) else {
                    continue;
                };
                if spot.expression.is_empty() {
                    copied = Some((spot.clone(), sql.len()));
                } else {
                    calls.push((spot.clone(), copied.take()));
                }
            }
            let through = calls.iter().map(|(spot, _)| spot.clone()).collect();
            stretches.push(Stretch { start: sql.len(), through, copied: copied.clone() });
        }
        sql.push_str(rest);
        Self { sql, stretches }
    }

    /// The spots that byte `offset` went through, outermost first; the last is where it stands.
    pub fn spots(&self, offset: usize) -> Vec<Spot> {
        let after = self.stretches.partition_point(|stretch| stretch.start <= offset);
        let Some(stretch) = after.checked_sub(1).map(|at| &self.stretches[at]) else {
            return Vec::new();
        };
        let mut spots = stretch.through.clone();
        if let Some((spot, start)) = &stretch.copied {
            spots.push(Spot { offset: spot.offset + offset - start, ..spot.clone() });
        }
        spots
    }
}
