//! Which names a place of a Jinja file knows.

use minijinja::machinery::Token;

use super::Templates;
use super::tokens::{Part, Segment, Span, read};

/// Words of an expression that are no names.
const WORDS: [&str; 12] =
    ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False"];
/// What every file knows.
const EVERYWHERE: [&str; 4] = ["reference_date", "loop", "caller", "range"];

/// The functions of every file.
pub const FUNCTIONS: [&str; 6] = ["config", "source", "ref", "outcome", "var", "raw"];

impl Templates {
    /// Whether a file can call `name`.
    pub fn can_call(&self, name: &str) -> bool {
        FUNCTIONS.contains(&name) || self.macros.contains_key(name)
    }

    /// Whether `name` has a value at the end of a file.
    pub fn sets(&self, file: &str, name: &str) -> bool {
        let source = self.source(file);
        name == "reference_date" || in_scope(source, source.len()).contains(&name)
    }
}

/// The variables that are set at `offset` of `source`: loops, macros, and what was set before.
pub fn in_scope(source: &str, offset: usize) -> Vec<&str> {
    let mut frames = vec![Vec::new()];
    for segment in read(source).all.iter().take_while(|segment| segment.span.start < offset) {
        // A tag does not know yet what it sets.
        let is_behind = segment.span.end <= offset;
        match segment.keyword() {
            "for" | "with" | "call" => frames.push(if is_behind { bound(segment) } else { Vec::new() }),
            "macro" => {
                let names = bound(segment);
                if let (Some(frame), Some(name)) = (frames.last_mut(), names.first()) {
                    frame.push(*name);
                }
                frames.push(names);
            }
            "endfor" | "endwith" | "endcall" | "endmacro" if frames.len() > 1 => drop(frames.pop()),
            "set" | "from" | "import" if is_behind => {
                if let Some(frame) = frames.last_mut() {
                    frame.extend(bound(segment));
                }
            }
            _ => {}
        }
    }
    frames.concat()
}

/// The names that a statement gives values to.
pub fn bound<'a>(segment: &Segment<'a>) -> Vec<&'a str> {
    let names = segment.names().skip(1);
    match segment.keyword() {
        "for" => names.take_while(|name| *name != "in").collect(),
        "set" => {
            let assigns = segment.tokens.iter().skip(1).map_while(|(token, _)| match token {
                Token::Ident(name) => Some(Some(*name)),
                Token::Comma | Token::ParenOpen | Token::ParenClose | Token::Dot => Some(None),
                _ => None,
            });
            assigns.flatten().collect()
        }
        "from" => names.skip_while(|name| *name != "import").skip(1).collect(),
        "import" => names.skip_while(|name| *name != "as").skip(1).collect(),
        _ => names.collect(),
    }
}

/// The first name within `span` that nothing in the file defines, and where it stands.
pub fn unknown<'a>(source: &'a str, span: &Span) -> Option<(usize, &'a str)> {
    let known = in_scope(source, span.start);
    let is_known = |name: &str| WORDS.contains(&name) || EVERYWHERE.contains(&name) || known.contains(&name);
    let segments = read(source).all;
    let tags = segments.iter().filter(|segment| segment.part != Part::Text);
    let tokens: Vec<_> = tags.flat_map(|segment| &segment.tokens).collect();
    let within = |at: &Span| span.start <= at.start && at.end <= span.end;
    tokens.iter().enumerate().find_map(|(at, (token, place))| {
        let Token::Ident(name) = token else { return None };
        let before = at.checked_sub(1).map(|before| &tokens[before].0);
        let after = tokens.get(at + 1).map(|after| &after.0);
        let is_member = matches!(before, Some(Token::Dot | Token::Pipe));
        let is_called_or_argument = matches!(after, Some(Token::ParenOpen | Token::Assign));
        let is_name = within(place) && !is_member && !is_called_or_argument;
        (is_name && !is_known(name)).then_some((place.start, *name))
    })
}
