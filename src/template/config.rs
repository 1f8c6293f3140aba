//! Where each key and value of `config(...)` stands in its file.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tags::{self, Sort};
use crate::problem::Place;
use crate::sql::normal;

/// One key with its value, or one item of a list.
#[derive(Debug)]
struct Entry {
    /// `candidates.boosting.trees`; items of lists are numbered from 0: `checks.2`.
    path: String,
    key: usize,
    value: Range<usize>,
    /// Whether it has a key, and not only a number.
    is_named: bool,
}

/// The place of the key, or of the item of a list, at `path`.
pub fn place(file: &str, source: &str, path: &str) -> Option<Place> {
    let entry = entries(source).into_iter().find(|entry| entry.path == path)?;
    Some(Place::at_offset(file, source, entry.key))
}

/// The place of the value at `path`; with `offset`, of that byte of a text. A text that is put together from several is
/// shown at its beginning.
pub fn value_place(file: &str, source: &str, path: &str, offset: usize) -> Option<Place> {
    let entry = entries(source).into_iter().find(|entry| entry.path == path)?;
    let text = &source[entry.value.clone()];
    let quote = text.chars().next().filter(|c| *c == '\'' || *c == '"');
    let is_plain = quote.is_some_and(|quote| {
        tags::end_of_text(text.as_bytes(), 0, quote as u8) == text.len() && !text.contains('\\')
    });
    let within = if is_plain && 1 + offset < text.len() { 1 + offset } else { 0 };
    Some(Place::at_offset(file, source, entry.value.start + within))
}

/// As `place`, or of what is around it, down to `config` itself.
pub fn nearest_place(file: &str, source: &str, path: &str) -> Option<Place> {
    let around = std::iter::successors(Some(path), |path| Some(path.rsplit_once('.')?.0));
    around.into_iter().find_map(|path| place(file, source, path)).or_else(|| call(file, source))
}

/// The path of a key that was given before, and the place where it is given again.
pub fn given_again(file: &str, source: &str) -> Option<(String, Place)> {
    let mut keys = BTreeSet::new();
    let mut named: Vec<Entry> = entries(source).into_iter().filter(|entry| entry.is_named).collect();
    // What is in a map was read before the map was.
    named.sort_by_key(|entry| entry.key);
    let again = named.into_iter().find(|entry| !keys.insert(entry.path.clone()))?;
    Some((again.path, Place::at_offset(file, source, again.key)))
}

/// The place of a text in a list that stands behind another without a comma: Jinja would make them one.
pub fn joined(file: &str, source: &str) -> Option<Place> {
    let second = |entry: &Entry| {
        let text = &source[entry.value.clone()];
        let quote = text.bytes().next().filter(|byte| matches!(byte, b'\'' | b'"'))?;
        let end = tags::end_of_text(text.as_bytes(), 0, quote).min(text.len());
        let rest = text[end..].trim_start();
        // Without a blank between them they are meant as one: the quote within a text, as SQL writes it.
        let is_text = rest.len() < text.len() - end && rest.starts_with(['\'', '"']);
        is_text.then(|| entry.value.end - rest.len())
    };
    let mut items = entries(source).into_iter().filter(|entry| !entry.is_named);
    items.find_map(|entry| second(&entry)).map(|at| Place::at_offset(file, source, at))
}

/// The place of a config that does not stand at the top: SQL or other calls come before it.
pub fn misplaced(file: &str, source: &str) -> Option<Place> {
    let (start, _) = find(source)?;
    let mut before = tags::pieces(source).into_iter().take_while(|piece| piece.range().end <= start);
    let is_query = |piece: &tags::Piece<'_>| match piece.sort {
        Sort::Text => !normal(piece.text).trim().is_empty(),
        Sort::Expression => true,
        Sort::Statement | Sort::Closed => false,
    };
    before.any(|piece| is_query(&piece)).then(|| Place::at_offset(file, source, start))
}

/// The place of `config(...)` itself.
pub fn call(file: &str, source: &str) -> Option<Place> {
    Some(Place::at_offset(file, source, find(source)?.0))
}

/// Where `config` and what is in its brackets begin.
fn find(source: &str) -> Option<(usize, usize)> {
    tags::pieces(source).iter().filter(|piece| piece.sort == Sort::Expression).find_map(|piece| {
        let (start, inner) = piece.inner();
        let rest = inner.strip_prefix("config")?;
        let open = rest.len() - rest.trim_start().len();
        rest.trim_start().starts_with('(').then_some((start, start + "config".len() + open + 1))
    })
}

fn entries(source: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Some((_, open)) = find(source) {
        Reader { source, entries: &mut entries, depth: 0 }.items(open, "", b'=');
    }
    entries
}

/// Jinja itself reads no deeper.
const DEEPEST: usize = 200;

struct Reader<'a> {
    source: &'a str,
    entries: &'a mut Vec<Entry>,
    depth: usize,
}

impl Reader<'_> {
    /// Reads items from `at` to the closing bracket; gives the offset behind it. `between` stands between key and value;
    /// 0 in a list.
    fn items(&mut self, mut at: usize, path: &str, between: u8) -> usize {
        let bytes = self.source.as_bytes();
        let mut number = 0;
        loop {
            at = self.space(at);
            match bytes.get(at) {
                None => return at,
                Some(b')' | b']' | b'}') => return at + 1,
                Some(b',') => {
                    at += 1;
                    continue;
                }
                Some(_) => {}
            }
            let key = at;
            let mut name = number.to_string();
            if between != 0 {
                let end = self.until(at, |byte| byte == between);
                let text = self.source[key..end].trim().trim_matches(['\'', '"']);
                text.clone_into(&mut name);
                if bytes.get(end) != Some(&between) {
                    at = end.max(key + 1);
                    continue;
                }
                at = self.space(end + 1);
            }
            let below = if path.is_empty() { name } else { format!("{path}.{name}") };
            let start = at;
            self.depth += 1;
            match bytes.get(at).filter(|_| self.depth < DEEPEST) {
                Some(b'{') => at = self.items(at + 1, &below, b':'),
                Some(b'[') => at = self.items(at + 1, &below, 0),
                _ => {}
            }
            self.depth -= 1;
            at = self.until(at, |_| false);
            let value = start..start + self.source[start..at].trim_end().len();
            self.entries.push(Entry { path: below, key, value, is_named: between != 0 });
            number += 1;
        }
    }

    fn space(&self, at: usize) -> usize {
        at + self.source[at..].len() - self.source[at..].trim_start().len()
    }

    /// The next comma, closing bracket, or byte that `stops`, outside of texts and inner brackets.
    fn until(&self, mut at: usize, stops: impl Fn(u8) -> bool) -> usize {
        let bytes = self.source.as_bytes();
        let mut depth = 0_usize;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\'' | b'"' => {
                    at = tags::end_of_text(bytes, at, byte);
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' | b',' if depth == 0 => return at,
                byte if depth == 0 && stops(byte) => return at,
                b')' | b']' | b'}' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "{# config(key = 1) #}{{ config(\n    key = 'a',\n    checks = ['a > 0', {'expression':\n        'b < 1', 'severity': 'warn'}],\n    columns = {'key': 'x' ~ 'y', },\n) }}";

    #[test]
    fn keys_and_items_are_found() {
        let line = |path: &str| place("f", SOURCE, path).map(|place| (place.line, place.column));
        assert_eq!(line("key"), Some((2, 5)));
        assert_eq!(line("checks.1"), Some((3, 24)));
        assert_eq!(line("columns.key"), Some((5, 16)));
        assert_eq!(line("nothing"), None);
        let value = value_place("f", SOURCE, "checks.1.expression", 4).unwrap();
        assert_eq!((value.line, value.column), (4, 14));
        let sum = value_place("f", SOURCE, "columns.key", 4).unwrap();
        assert_eq!((sum.line, sum.column), (5, 23));
        assert_eq!(call("f", SOURCE).unwrap().line, 1);
        assert_eq!(nearest_place("f", SOURCE, "key.0").unwrap().line, 2);
        assert_eq!(nearest_place("f", SOURCE, "nothing").unwrap().line, 1);
    }

    #[test]
    fn a_key_that_is_given_again_is_found() {
        assert_eq!(given_again("f", SOURCE), None);
        let again = SOURCE.replace("'x' ~ 'y'", "1, 'key': 2");
        let (path, place) = given_again("f", &again).unwrap();
        assert_eq!((path.as_str(), place.line, place.column), ("columns.key", 5, 26));
    }

    #[test]
    fn texts_without_a_comma_between_them_are_found() {
        assert!(joined("f", SOURCE).is_none());
        let place = joined("f", "{{ config(checks = ['a',\n 'b'\n 'c']) }}").unwrap();
        assert_eq!((place.line, place.column), (3, 2));
    }

    #[test]
    fn config_stands_at_the_top() {
        assert!(misplaced("f", SOURCE).is_none());
        assert!(misplaced("f", "{% set x = 1 %}\n-- y\n{{ config() }}").is_none());
        assert_eq!(misplaced("f", "select 1\n{{ config() }}").unwrap().line, 2);
    }
}
