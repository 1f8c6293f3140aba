//! Why a file is no Jinja: quotes, brackets and statements that are opened and never closed.

use super::tags::{self, Piece, Sort};

const SINGLE: [&str; 11] =
    ["elif", "else", "include", "import", "from", "extends", "do", "break", "continue", "raw", "endraw"];
const PAIRS: [&str; 9] = ["for", "if", "macro", "call", "filter", "block", "with", "autoescape", "set"];
/// Words of other languages.
const FOREIGN: [(&str, &str); 4] =
    [("elseif", "elif"), ("elsif", "elif"), ("foreach", "for"), ("let", "set")];

/// What is wrong, and the offset in the file where it began.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    pub at: usize,
    pub message: String,
    pub hint: Option<&'static str>,
    /// Where it shows, if that is another place.
    pub shows: Option<usize>,
}

impl Broken {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None, shows: None }
    }
}

/// The first thing that is opened and not closed, of a file in which Jinja stumbled at byte `stumbled`.
pub fn find(source: &str, stumbled: usize) -> Option<Broken> {
    let mut open: Vec<Piece<'_>> = Vec::new();
    for piece in tags::pieces(source) {
        match piece.sort {
            Sort::Text => continue,
            Sort::Closed => match unclosed(&piece) {
                Some(message) => return Some(Broken::new(piece.start, message)),
                None => continue,
            },
            Sort::Expression | Sort::Statement => {}
        }
        let closed = if piece.sort == Sort::Statement { "%}" } else { "}}" };
        let is_open = piece.text.len() < 4 || !piece.text.ends_with(closed);
        // Behind the place where Jinja stumbled nothing can be the cause.
        if let Some(found) = in_tag(&piece).filter(|found| is_open || found.at <= stumbled) {
            return Some(found);
        }
        if is_open {
            return Some(Broken::new(piece.start, format!("this tag is never closed with `{closed}`")));
        }
        let word = piece.word();
        if piece.sort == Sort::Expression || (word == "set" && piece.text.contains('=')) {
            continue;
        }
        if PAIRS.contains(&word) {
            open.push(piece);
        } else if let Some(what) = word.strip_prefix("end").filter(|what| PAIRS.contains(what)) {
            match open.pop() {
                Some(opener) if opener.word() == what => {}
                Some(opener) => return Some(never_closed(&opener)),
                None => return Some(Broken::new(piece.start, format!("this `{word}` closes nothing"))),
            }
        } else if !SINGLE.contains(&word) {
            return Some(no_statement(&piece));
        }
    }
    open.pop().map(|opener| never_closed(&opener))
}

fn never_closed(opener: &Piece<'_>) -> Broken {
    Broken::new(opener.start, format!("this `{}` is never closed with `end{0}`", opener.word()))
}

fn unclosed(piece: &Piece<'_>) -> Option<String> {
    if piece.text.starts_with("{#") {
        let ends = piece.text.len() > 3 && piece.text.ends_with("#}");
        return (!ends).then(|| "this comment is never closed with `#}`".to_owned());
    }
    (!piece.text.contains("endraw")).then(|| "this `raw` is never closed with `endraw`".to_owned())
}

fn no_statement(piece: &Piece<'_>) -> Broken {
    let (at, inner) = piece.inner();
    let word = piece.word();
    let mut words = inner.split(|c: char| !tags::is_word(c)).filter(|word| !word.is_empty()).skip(1);
    // `end for` is one word.
    let joined = words.next().map(|next| format!("{word}{next}")).filter(|joined| {
        joined.strip_prefix("end").is_some_and(|what| PAIRS.contains(&what) || what == "raw")
    });
    let foreign = FOREIGN.iter().find(|(other, _)| *other == word).map(|(_, own)| (*own).to_owned());
    let ends: Vec<String> = PAIRS.iter().map(|what| format!("end{what}")).collect();
    let near = || {
        let all = PAIRS.into_iter().chain(SINGLE).chain(ends.iter().map(String::as_str));
        crate::problem::nearest(word, all).map(str::to_owned)
    };
    let near = joined.or(foreign).or_else(near);
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Broken::new(at, format!("there is no statement `{word}`{near}"))
}

/// A quote or bracket that is not closed within one tag.
fn in_tag(piece: &Piece<'_>) -> Option<Broken> {
    let bytes = piece.text.as_bytes();
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut at = 2;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                let end = tags::end_of_text(bytes, at, quote);
                if let Some(found) = odd_quote(piece.text, at..end, quote) {
                    return Some(Broken { at: piece.start + found.at, ..found });
                }
                at = end;
                continue;
            }
            bracket @ (b'(' | b'[' | b'{') => open.push((at, bracket)),
            closing @ (b')' | b']' | b'}') => {
                let Some((from, opening)) = open.pop() else {
                    // `{{ x }` with one brace too few.
                    let is_brace = closing == b'}' && bytes.get(at + 1) != Some(&b'}');
                    let is_brace = is_brace && piece.sort == Sort::Expression && at + 2 < bytes.len();
                    let message = "a tag ends with `}}`: one `}` is missing here";
                    return is_brace.then(|| Broken::new(piece.start + at, message));
                };
                let wanted = match opening {
                    b'(' => b')',
                    b'[' => b']',
                    _ => b'}',
                };
                // On one line, the place where Jinja stumbled says more.
                if closing != wanted && piece.text[from..at].contains('\n') {
                    let message =
                        format!("this `{}` is never closed with `{}`", opening as char, wanted as char);
                    let found = Broken::new(piece.start + from, message);
                    return Some(Broken { shows: Some(piece.start + at), ..found });
                }
                if closing != wanted {
                    return None;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// A text that begins or ends in the middle of a word, or never ends: one quote too few or too many, here or before.
fn odd_quote(tag: &str, range: std::ops::Range<usize>, quote: u8) -> Option<Broken> {
    const HINT: &str = "a text stands between two quotes on one line; an apostrophe within it is written \\', or the text \
                        stands between double quotes";
    let is_part = |c: Option<char>| c.is_some_and(|c| tags::is_word(c) || c == '\'' || c == '"');
    let opens_in_word = is_part(tag[..range.start].chars().next_back());
    let is_closed = range.len() > 1 && tag.as_bytes()[range.end - 1] == quote;
    let closes_in_word = is_closed && is_part(tag[range.end..].chars().next());
    let text = &tag[range.clone()];
    let at = match (opens_in_word, is_closed && closes_in_word) {
        (true, _) => range.start,
        // Of a text over several lines, the first one lacks its quote; else the last of its quotes is one too many.
        (false, true) if text.contains('\n') => range.start,
        (false, true) => range.end - 1,
        (false, false) if !is_closed => range.start,
        (false, false) => return None,
    };
    let message = if is_closed && !text.contains('\n') {
        "a quote is missing here, or one too many"
    } else {
        "the text that begins here is not closed on its line: a quote is missing"
    };
    Some(Broken { hint: Some(HINT), ..Broken::new(at, message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(source: &str) -> usize {
        find(source, source.len()).unwrap().at
    }

    #[test]
    fn what_is_not_closed_is_found() {
        assert_eq!(at("{% for x in y %}\n{% if x %}{% endfor %}"), 17);
        assert_eq!(at("select\n{{ x "), 7);
        assert_eq!(find("{% endif %}", 0).unwrap().message, "this `endif` closes nothing");
        assert_eq!(find("{% set x = 1 %}{% set y %}{% endset %}{% if x %}{% endif %}", 0), None);
        assert_eq!(at("x {# y"), 2);
        assert_eq!(at("{{ x }\nselect {{ y }}"), 5);
        assert_eq!(at("x {% raw %} y"), 2);
    }

    #[test]
    fn words_of_other_languages_are_known() {
        let message = |source: &str| find(source, 0).unwrap().message;
        assert!(message("{% if x %}{% elseif y %}{% endif %}").ends_with("`elif`?"));
        assert!(message("{% for x in y %}{% end for %}").ends_with("`endfor`?"));
    }

    #[test]
    fn the_line_of_an_odd_quote_is_found() {
        let config =
            |line: &str| format!("{{{{ config(\n    key = 'a',\n{line}\n    b = 'c',\n) }}}}\nselect 'x'\n");
        for line in ["x = 'the a's', ", "x = 'a,", "x = a',", "x = {a': 'b'},", "x = {'a: 'b'},"] {
            let source = config(line);
            let found = at(&source);
            assert_eq!(source[..found].matches('\n').count(), 2, "{source}\n{found}");
        }
        let source = config("x = {'a': [1, 2],");
        assert_eq!(at(&source), source.find("{'a'").unwrap());
        assert_eq!(find(&config("x = 'a\n    b',"), 0), None);
    }
}
