//! A file as Jinja compiles it: with imports of the macros it uses, and each tag on one line.
//!
//! Jinja tells the column of a mistake only where a tag stands on one line, so line ends within tags become blanks.
//! They take as many bytes, so that offsets stay; lines do not, and are never asked for.

use std::collections::BTreeMap;
use std::ops::Range;

use super::tags::{self, Piece, Sort};

/// Where the macros live that every file may call.
pub const MACROS: &str = "queries/macros";

/// What was put into a file: the offset in the file before which it stands, and the text.
#[derive(Debug, Clone, Default)]
pub struct Woven {
    inserted: Vec<(usize, String)>,
}

/// The macros of queries/macros, each with the file that has it.
pub type Macros = BTreeMap<String, String>;

/// The macros of `files`, which are all files of the project.
pub fn macros<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Macros {
    let mut names = Macros::new();
    for (file, source) in files.filter(|(file, _)| file.starts_with(MACROS)) {
        let pieces = tags::pieces(source);
        let heads = pieces.iter().filter(|piece| piece.sort == Sort::Statement && piece.word() == "macro");
        for head in heads {
            let rest = head.inner().1.trim_start_matches("macro").trim_start();
            let name = rest.split(|c: char| !tags::is_word(c)).next().unwrap_or_default();
            names.insert(name.to_owned(), file.to_owned());
        }
    }
    names
}

impl Woven {
    pub fn new(file: &str, source: &str, macros: &Macros) -> Self {
        let pieces = tags::pieces(source);
        let mut inserted = Vec::new();
        let is_macros = file.starts_with(MACROS);
        if !is_macros {
            inserted.push((0, imports(macros, source, |_, _| true, "")));
        }
        for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.sort == Sort::Statement) {
            let text = match piece.word() {
                // Two files of macros that import each other at their top would never end: each macro imports what it
                // calls when it is called.
                "macro" if is_macros => {
                    let end = pieces[at..].iter().find(|piece| piece.word() == "endmacro");
                    let end = end.map_or(source.len(), |end| end.start);
                    let head = piece.text;
                    let is_foreign =
                        |name: &str, of: &str| of != file && tags::mentions(head, name).next().is_none();
                    let body = source.get(piece.range().end..end).unwrap_or_default();
                    imports(macros, body, is_foreign, piece.sign())
                }
                "include" => after_include(piece, &source[piece.range().end..]),
                _ => continue,
            };
            inserted.push((piece.range().end, text));
        }
        inserted.retain(|(_, text)| !text.is_empty());
        Self { inserted }
    }

    /// What stands before byte `offset` of the file and is not its own.
    pub fn before(&self, offset: usize) -> &str {
        self.inserted.iter().find(|(at, _)| *at == offset).map_or("", |(_, text)| text)
    }

    /// The text that Jinja compiles.
    pub fn text(&self, source: &str) -> String {
        let mut text = String::with_capacity(source.len() + 256);
        text.push_str(self.before(0));
        for piece in tags::pieces(source) {
            match piece.sort {
                Sort::Expression | Sort::Statement => on_one_line(piece.text, &mut text),
                Sort::Text | Sort::Closed => text.push_str(piece.text),
            }
            text.push_str(self.before(piece.range().end));
        }
        text
    }

    /// The bytes of the file that stand in line `number`, from 1, of the compiled text.
    pub fn line(&self, source: &str, number: usize) -> Range<usize> {
        let text = self.text(source);
        let mut start = 0;
        for line in text.split_inclusive('\n').take(number.saturating_sub(1)) {
            start += line.len();
        }
        let length = text[start..].lines().next().map_or(0, str::len);
        self.origin(start)..self.origin(start + length)
    }

    /// The offset in the file of byte `offset` of the compiled text.
    pub fn origin(&self, offset: usize) -> usize {
        let mut shift = 0;
        for (at, text) in &self.inserted {
            if offset < at + shift {
                break;
            }
            if offset < at + shift + text.len() {
                return *at;
            }
            shift += text.len();
        }
        offset - shift
    }
}

/// Jinja that imports the macros whose names occur in `source`, where `wanted` says so of a name and its file.
fn imports(macros: &Macros, source: &str, wanted: impl Fn(&str, &str) -> bool, sign: &str) -> String {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, file) in macros {
        if tags::mentions(source, name).next().is_some() && wanted(name, file) {
            names.entry(file).or_default().push(name);
        }
    }
    // What trims the white space behind the tag before has to stand at the end.
    let line = |(file, names): (&&str, &Vec<&str>)| {
        format!("{{% from '{file}' import {} {sign}%}}", names.join(", "))
    };
    names.iter().map(line).collect()
}

/// Jinja takes the line end behind a tag away, and the last one of the included file as well: nothing would stand between
/// the file's end and what follows.
fn after_include(include: &Piece<'_>, rest: &str) -> String {
    match include.sign() {
        "" if rest.starts_with('\n') => "{{ '' }}".to_owned(),
        sign => format!("{{{{ '\\n' {sign}}}}}"),
    }
}

fn on_one_line(tag: &str, out: &mut String) {
    let bytes = tag.as_bytes();
    let mut at = 0;
    while at < tag.len() {
        let end = match bytes[at] {
            quote @ (b'\'' | b'"') => tags::end_of_text(bytes, at, quote).min(tag.len()),
            _ => tag[at..].find(['\'', '"']).map_or(tag.len(), |length| at + length),
        };
        if matches!(bytes[at], b'\'' | b'"') {
            out.push_str(&tag[at..end]);
        } else {
            out.push_str(&tag[at..end].replace('\n', " "));
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIO: &str = "{% macro ratio(a, b) -%}\n{{ a }}\n{%- endmacro %}\n";
    const HALF: &str = "{% macro half(x) -%}\n{{ ratio(x, '2') }}\n{%- endmacro %}\n";

    fn woven(file: &str, source: &str) -> (Woven, String) {
        let files = [("queries/macros/ratio.sql", RATIO), ("queries/macros/half.sql", HALF)];
        let woven = Woven::new(file, source, &macros(files.into_iter()));
        let text = woven.text(source);
        (woven, text)
    }

    #[test]
    fn macros_of_other_files_are_imported_where_they_are_called() {
        let (_, text) = woven("features/x.sql", "select {{ half(1) }}");
        assert_eq!(text, "{% from 'queries/macros/half.sql' import half %}select {{ half(1) }}");
        let (half, text) = woven("queries/macros/half.sql", HALF);
        assert!(
            text.starts_with("{% macro half(x) -%}{% from 'queries/macros/ratio.sql' import ratio -%}\n")
        );
        let at = text.find("{{ ratio").unwrap();
        assert_eq!(half.origin(at), HALF.find("{{ ratio").unwrap());
        let (_, text) = woven("queries/macros/half.sql", "{% macro half(ratio) %}{{ ratio }}{% endmacro %}");
        assert!(!text.contains("import"), "a parameter is not a macro: {text}");
    }

    #[test]
    fn a_tag_is_put_on_one_line() {
        let source = "{{ f(\n    'a\nb',\n) }}\nx {# y\n #}";
        let (woven, text) = woven("features/x.sql", source);
        assert_eq!(text, "{{ f(     'a\nb', ) }}\nx {# y\n #}");
        assert_eq!(woven.origin(7), 7);
    }

    #[test]
    fn an_included_file_ends_before_what_follows() {
        let (_, text) = woven("features/x.sql", "{% include 'a' %}\nx {% include 'a' %} y");
        assert_eq!(text, "{% include 'a' %}{{ '' }}\nx {% include 'a' %}{{ '\\n' }} y");
    }
}
