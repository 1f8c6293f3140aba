//! The tags of a Jinja file and the text between them, with their offsets: to show places, never to render.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Text,
    /// `{{ … }}`
    Expression,
    /// `{% … %}`
    Statement,
    /// `{# … #}`, and everything from `{% raw %}` to `{% endraw %}`.
    Closed,
}

/// One tag, delimiters included, or the text between two of them.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    pub sort: Sort,
    pub start: usize,
    pub text: &'a str,
}

impl<'a> Piece<'a> {
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// What stands between the delimiters, with its offset in the file.
    pub fn inner(&self) -> (usize, &'a str) {
        let sign = |c: char| c == '-' || c == '+';
        let inner = self.text.get(2..self.text.len().saturating_sub(2)).unwrap_or_default();
        let cut = inner.strip_suffix(sign).unwrap_or(inner);
        let body = cut.strip_prefix(sign).unwrap_or(cut).trim_start();
        (self.start + 2 + cut.len() - body.len(), body.trim_end())
    }

    /// The first word of a statement: `for`, `endfor`, `set`.
    pub fn word(&self) -> &'a str {
        let (_, inner) = self.inner();
        inner.split(|c: char| !is_word(c)).next().unwrap_or_default()
    }

    /// `-` or `+` before the closing delimiter.
    pub fn sign(&self) -> &'a str {
        let end = self.text.len().saturating_sub(2);
        let sign = self.text.get(end.saturating_sub(1)..end).unwrap_or_default();
        if self.text.len() > 4 && (sign == "-" || sign == "+") { sign } else { "" }
    }
}

/// Characters of a tag outside of quotes.
pub fn code_length(tag: &str) -> usize {
    let mut quote = None;
    let mut skips = false;
    let mut count = 0;
    for c in tag.chars() {
        match quote {
            Some(_) if std::mem::take(&mut skips) => {}
            Some(_) if c == '\\' => skips = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None => count += 1,
        }
    }
    count
}

/// Whether `c` can be part of a name.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// All pieces of `source`, in order and without gaps. A tag that is not closed reaches to the end.
pub fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut text = 0;
    while let Some(found) = source[at..].find('{') {
        let start = at + found;
        let sort = match source.as_bytes().get(start + 1) {
            Some(b'{') => Sort::Expression,
            Some(b'%') => Sort::Statement,
            Some(b'#') => Sort::Closed,
            _ => {
                at = start + 1;
                continue;
            }
        };
        let mut end = match sort {
            Sort::Closed => source[start..].find("#}").map_or(source.len(), |end| start + end + 2),
            Sort::Expression => closing(source, start + 2, b'}'),
            _ => closing(source, start + 2, b'%'),
        };
        let mut piece = Piece { sort, start, text: &source[start..end] };
        if sort == Sort::Statement && piece.word() == "raw" {
            let rest = &source[end..];
            let close = rest.find("endraw").and_then(|word| Some(word + rest[word..].find("%}")? + 2));
            end = close.map_or(source.len(), |close| end + close);
            piece = Piece { sort: Sort::Closed, start, text: &source[start..end] };
        }
        if text < start {
            pieces.push(Piece { sort: Sort::Text, start: text, text: &source[text..start] });
        }
        pieces.push(piece);
        (at, text) = (end, end);
    }
    if text < source.len() {
        pieces.push(Piece { sort: Sort::Text, start: text, text: &source[text..] });
    }
    pieces
}

/// The end of the tag whose inside begins at `from` and that closes with `mark` and `}`.
fn closing(source: &str, from: usize, mark: u8) -> usize {
    let bytes = source.as_bytes();
    let mut depth = 0_usize;
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                at = end_of_text(bytes, at, quote);
                continue;
            }
            b'{' => depth += 1,
            byte if byte == mark && depth == 0 && bytes.get(at + 1) == Some(&b'}') => return at + 2,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    source.len()
}

/// The offset behind the closing quote of the text that opens at `start`.
pub fn end_of_text(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The only place in the tags of `source` where `token` stands as whole words.
pub fn only_mention(source: &str, token: &str) -> Option<usize> {
    let tags =
        pieces(source).into_iter().filter(|piece| matches!(piece.sort, Sort::Expression | Sort::Statement));
    let mut found = tags
        .flat_map(|piece| mentions(piece.text, token).map(move |at| piece.start + at).collect::<Vec<_>>());
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Where `token` stands in `text` and is not part of a longer word.
pub fn mentions<'a>(text: &'a str, token: &'a str) -> impl Iterator<Item = usize> + 'a {
    let whole = move |at: &usize| {
        let before = text[..*at].chars().next_back();
        let after = text[at + token.len()..].chars().next();
        let inside =
            |edge: Option<char>, own: Option<char>| edge.is_some_and(is_word) && own.is_some_and(is_word);
        !inside(before, token.chars().next()) && !inside(after, token.chars().next_back())
    };
    let empty = token.is_empty();
    text.match_indices(token).map(|(at, _)| at).filter(move |at| !empty && whole(at))
}

/// Where the most letters of `word`, its first or its last, stand beside a `{{ … }}`: `share_` of `share_{{ days }}`.
pub fn in_part(pieces: &[Piece<'_>], word: &str) -> Option<usize> {
    let is_tag = |at: usize| pieces.get(at).is_some_and(|piece| piece.sort == Sort::Expression);
    let mut found = Vec::new();
    for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.sort == Sort::Text) {
        let rest = piece.text.trim_end_matches(is_word);
        let tail = &piece.text[rest.len()..];
        if is_tag(at + 1) && word.starts_with(tail) {
            found.push((tail.len(), piece.start + rest.len()));
        }
        let head = piece.text.len() - piece.text.trim_start_matches(is_word).len();
        if at > 0 && is_tag(at - 1) && word.ends_with(&piece.text[..head]) {
            found.push((head, pieces[at - 1].start));
        }
    }
    found.into_iter().filter(|(length, _)| *length > 0).max().map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Sort::{Closed, Expression, Statement, Text};

    #[test]
    fn pieces_have_no_gaps() {
        let source =
            "a {{ f({'k': {'x': 1}}) -}} b {% raw %}{{ x }}{% endraw %}{# {{ #}\n{%- set x = '%}' %}é";
        let all = pieces(source);
        assert_eq!(all.iter().map(|piece| piece.text).collect::<String>(), source);
        let sorts: Vec<Sort> = all.iter().map(|piece| piece.sort).collect();
        assert_eq!(sorts, [Text, Expression, Text, Closed, Closed, Text, Statement, Text]);
        assert_eq!((all[1].inner().1, all[1].sign()), ("f({'k': {'x': 1}})", "-"));
        assert_eq!((all[6].word(), all[6].sign()), ("set", ""));
    }
}
