//! A file as Jinja compiles it: with imports of the macros it uses, each tag on one line, and no comment that swallows
//! what follows.
//!
//! Jinja tells the span of a mistake only where a tag stands on one line, so line ends within tags become blanks.

use std::collections::BTreeMap;

use minijinja::machinery::Token;

use super::comments;
use super::tokens::{self, Segment, Segments, Span};
use crate::problem::{Place, Problem, suggest};

/// Where the macros live that every file may call.
pub const MACROS: &str = "queries/macros";

/// The macros of queries/macros, each with the file that has it.
pub type Macros = BTreeMap<String, String>;

/// Where those stand that take the place of one of the same name where a file runs on Spark.
pub const SPARK_MACROS: &str = "queries/macros/spark/";

/// The macros of `files`, which are all files of the project; where they are to run on Spark, with its own ones.
///
/// # Errors
/// A name that two of them have: which of them is called would depend on the names of their files. A macro of Spark that
/// takes no other's place: on DuckDB nothing could call it.
pub fn macros<'a>(files: &[(&'a str, &'a str)], is_spark: bool) -> Result<Macros, Problem> {
    let of_spark = |file: &str| file.starts_with(SPARK_MACROS);
    let mut macros = defined(files.iter().filter(|(file, _)| !of_spark(file)))?;
    let own = defined(files.iter().filter(|(file, _)| of_spark(file)))?;
    if let Some((name, file)) = own.iter().find(|(name, _)| !macros.contains_key(*name)) {
        let source = files.iter().find(|(other, _)| other == file).map_or("", |(_, source)| source);
        return Err(Problem::usage(format!("there is no macro `{name}` for DuckDB"))
            .at(Place::of_word(file, source, name))
            .maybe_hint(suggest(name, macros.keys().map(String::as_str)))
            .noting(vec![format!("a macro of {SPARK_MACROS} takes the place of one of {MACROS}/")]));
    }
    if is_spark {
        macros.extend(own);
    }
    Ok(macros)
}

fn defined<'a>(files: impl Iterator<Item = &'a (&'a str, &'a str)>) -> Result<Macros, Problem> {
    let mut macros = Macros::new();
    for (file, source) in files.filter(|(file, _)| file.starts_with(MACROS)) {
        let segments = tokens::read(source).all;
        for head in segments.iter().filter(|segment| segment.keyword() == "macro") {
            let [_, (Token::Ident(name), span), ..] = &head.tokens[..] else { continue };
            if let Some(first) = macros.insert((*name).to_owned(), (*file).to_owned()) {
                return Err(Problem::usage(format!("there are two macros `{name}`"))
                    .at(Place::at_offset(file, source, span.start))
                    .noting(vec![format!("the other one is in {first}")])
                    .hint(
                        "every file can call each macro of queries/macros/: give one of them another name",
                    ));
            }
        }
    }
    Ok(macros)
}

/// What replaces a part of the file.
#[derive(Debug)]
pub struct Edit {
    pub at: Span,
    pub text: String,
}

impl Edit {
    pub fn new(at: Span, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }

    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::new(at..at, text)
    }
}

/// The text that Jinja compiles, and where its bytes come from.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    pub text: String,
    /// Where each copied part of the file begins in `text`.
    copied: Vec<(usize, Span)>,
}

impl Compiled {
    /// `edits` do not overlap, but for white space that two of them take away.
    pub fn new(source: &str, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|edit| edit.at.start);
        let mut compiled = Self::default();
        let mut from = 0;
        for edit in edits {
            compiled.copy(source, from..edit.at.start.max(from));
            compiled.text.push_str(&edit.text);
            from = from.max(edit.at.end);
        }
        compiled.copy(source, from..source.len());
        compiled
    }

    fn copy(&mut self, source: &str, span: Span) {
        self.copied.push((self.text.len(), span.clone()));
        self.text.push_str(&source[span]);
    }

    /// The offset in the file of byte `offset` of the compiled text; of what was put in, where it stands.
    pub fn origin(&self, offset: usize) -> usize {
        let after = self.copied.partition_point(|(start, _)| *start <= offset);
        let Some((start, span)) = after.checked_sub(1).and_then(|at| self.copied.get(at)) else { return 0 };
        span.end.min(span.start + offset - start)
    }
}

/// What is changed in a file before Jinja compiles it.
pub fn edits(file: &str, source: &str, segments: &Segments<'_>, macros: &Macros) -> Vec<Edit> {
    let all = &segments.all;
    let mut edits = Vec::new();
    for segment in all.iter().filter(|segment| segment.is_tag()) {
        on_one_line(source, segment, &mut edits);
    }
    comments::keep_apart(source, all, &mut edits);
    if file.starts_with(MACROS) {
        // Two files of macros that import each other at their top would never end: each macro imports what it calls
        // when it is called.
        for (at, head) in all.iter().enumerate().filter(|(_, segment)| segment.keyword() == "macro") {
            let body = all[at + 1..].iter().take_while(|segment| segment.keyword() != "endmacro");
            let own: Vec<&str> = head.names().collect();
            let is_foreign = |name: &str, of: &str| of != file && !own.contains(&name);
            let text = imports(macros, body, is_foreign);
            if !text.is_empty() {
                edits.push(Edit::new(tokens::gap_after(source, all, at), text));
            }
        }
    } else {
        edits.push(Edit::insert(0, imports(macros, all.iter(), |_, _| true)));
    }
    // Jinja takes the last line end away: where the file is included, nothing would stand between it and what follows.
    let end = source.strip_suffix('\n').unwrap_or(source).len();
    edits.push(Edit::new(end..source.len(), "{{ '\\n' }}"));
    edits
}

/// Jinja that imports the macros that `segments` name, where `wanted` says so of a name and its file.
fn imports<'a>(
    macros: &Macros,
    segments: impl Iterator<Item = &'a Segment<'a>>,
    wanted: impl Fn(&str, &str) -> bool,
) -> String {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in segments.flat_map(Segment::names) {
        if let Some(file) = macros.get(name).filter(|file| wanted(name, file)) {
            let names = names.entry(file).or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let line =
        |(file, names): (&&str, &Vec<&str>)| format!("{{% from '{file}' import {} +%}}", names.join(", "));
    names.iter().map(line).collect()
}

fn on_one_line(source: &str, tag: &Segment<'_>, edits: &mut Vec<Edit>) {
    let mut end = tag.span.start;
    let ends = std::iter::once(tag.span.end..tag.span.end);
    for span in tag.tokens.iter().map(|(_, span)| span.clone()).chain(ends) {
        let gap = &source[end..span.start];
        if gap.contains('\n') {
            edits.push(Edit::new(end..span.start, gap.replace('\n', " ")));
        }
        end = span.end;
    }
    for (token, span) in &tag.tokens {
        // In a text without escapes a line end can be written as one.
        if matches!(token, Token::Str(text) if text.contains('\n')) {
            edits.push(Edit::new(span.clone(), source[span.clone()].replace('\n', "\\n")));
        }
    }
}
