//! Which names a place of a Jinja file knows.

use super::tags::{self, Piece, Sort};

/// Words of an expression that are no names.
const WORDS: [&str; 12] =
    ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False"];
/// What every file knows.
const EVERYWHERE: [&str; 4] = ["reference_date", "loop", "caller", "range"];

/// The functions of every file.
pub const FUNCTIONS: [&str; 6] = ["config", "source", "ref", "outcome", "var", "raw"];

/// The variables that are set at `offset` of `source`: loops, macros, and what was set before.
pub fn in_scope(source: &str, offset: usize) -> Vec<&str> {
    let mut frames = vec![Vec::new()];
    for piece in tags::pieces(source) {
        if piece.start >= offset {
            break;
        }
        if piece.sort != Sort::Statement {
            continue;
        }
        // A tag does not know yet what it sets.
        let is_behind = piece.range().end <= offset;
        match piece.word() {
            "for" | "with" | "call" => frames.push(if is_behind { bound(&piece) } else { Vec::new() }),
            "macro" => {
                let names = bound(&piece);
                if let (Some(frame), Some(name)) = (frames.last_mut(), names.first()) {
                    frame.push(*name);
                }
                frames.push(names);
            }
            "endfor" | "endwith" | "endcall" | "endmacro" if frames.len() > 1 => drop(frames.pop()),
            "set" | "from" | "import" if is_behind => {
                if let Some(frame) = frames.last_mut() {
                    frame.extend(bound(&piece));
                }
            }
            _ => {}
        }
    }
    frames.concat()
}

/// The names that a statement gives values to.
fn bound<'a>(piece: &Piece<'a>) -> Vec<&'a str> {
    let (_, inner) = piece.inner();
    let rest = inner[piece.word().len()..].trim_start();
    let head = match piece.word() {
        "for" => rest.split_once(" in ").map_or(rest, |(names, _)| names),
        "set" => rest.split('=').next().unwrap_or_default(),
        "from" => rest.split_once(" import ").map_or("", |(_, names)| names),
        "import" => rest.split_once(" as ").map_or("", |(_, name)| name),
        _ => rest,
    };
    head.split(|c: char| !tags::is_word(c)).filter(|word| !word.is_empty()).collect()
}

/// The first name in `text`, an expression at `offset`, that nothing in the file defines.
pub fn unknown<'a>(source: &str, offset: usize, text: &'a str) -> Option<(usize, &'a str)> {
    let known = in_scope(source, offset);
    let is_known = |name: &str| WORDS.contains(&name) || EVERYWHERE.contains(&name) || known.contains(&name);
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.chars().next()?;
        if first == '\'' || first == '"' {
            at = tags::end_of_text(text.as_bytes(), at, first as u8);
            continue;
        }
        let length = rest.find(|c| !tags::is_word(c)).unwrap_or(rest.len());
        let name = &rest[..length];
        let after = rest[length..].trim_start();
        let is_argument = after.starts_with('=') && !after.starts_with("==");
        let calls = after.starts_with('(');
        let member = text[..at].trim_end().ends_with(['.', '|']);
        if length > 0 && !first.is_ascii_digit() && !calls && !member && !is_argument && !is_known(name) {
            return Some((at, name));
        }
        at += length.max(first.len_utf8());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_where_they_are_set() {
        let source = "{% set a = 1 %}{% macro m(x, y) %}1{% endmacro %}{% for n in [1] %}{% set b = n %}2{% endfor %}3";
        let at = |mark: &str| in_scope(source, source.find(mark).unwrap());
        assert_eq!(at("1{% endmacro"), ["a", "m", "m", "x", "y"]);
        assert_eq!(at("2{%"), ["a", "m", "n", "b"]);
        assert_eq!(in_scope(source, source.len() - 1), ["a", "m"]);
    }

    #[test]
    fn the_first_unknown_name_is_found() {
        assert_eq!(unknown("", 0, "'a' ~ b"), Some((6, "b")));
        assert_eq!(unknown("", 0, "f(\n  x.y, key = z)"), Some((5, "x")));
        assert_eq!(unknown("", 0, "ref(3) if reference_date else none"), None);
    }
}
