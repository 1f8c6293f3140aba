//! A Jinja file as minijinja reads it: its tags with their tokens, and the text between them.

use std::ops::Range;

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;

use crate::problem::{is_word, mentions};

/// Bytes of a file.
pub type Span = Range<usize>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is copied, without the white space that tags around it take away.
    Text,
    /// `{{ … }}`
    Expression,
    /// `{% … %}`
    Statement,
}

#[derive(Debug)]
pub struct Segment<'a> {
    pub part: Part,
    /// Delimiters included.
    pub span: Span,
    /// What stands between the delimiters.
    pub tokens: Vec<(Token<'a>, Span)>,
    pub is_closed: bool,
}

impl<'a> Segment<'a> {
    pub fn is_tag(&self) -> bool {
        self.part != Part::Text
    }

    /// From the first to the last token.
    pub fn inner(&self) -> Span {
        let (start, end) = (self.tokens.first(), self.tokens.last());
        start.map_or(self.span.end, |(_, span)| span.start)..end.map_or(self.span.end, |(_, span)| span.end)
    }

    /// The first word of a statement: `for`, `endfor`, `set`.
    pub fn keyword(&self) -> &'a str {
        match self.tokens.first() {
            Some((Token::Ident(word), _)) if self.part == Part::Statement => word,
            _ => "",
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.tokens.iter().filter_map(|(token, _)| match token {
            Token::Ident(name) => Some(*name),
            _ => None,
        })
    }
}

/// The segments of a file, up to where it is no Jinja.
#[derive(Debug)]
pub struct Segments<'a> {
    pub all: Vec<Segment<'a>>,
    /// Where something begins that cannot be read.
    pub stopped: Option<usize>,
}

pub fn syntax() -> SyntaxConfig {
    // Only delimiters can be wrong, and these are Jinja's own.
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().unwrap_or_default()
}

pub fn read(source: &str) -> Segments<'_> {
    let mut tokenizer = Tokenizer::new(source, "", false, syntax());
    let mut all: Vec<Segment<'_>> = Vec::new();
    let mut end = 0;
    let mut is_open = false;
    loop {
        let (token, span) = match tokenizer.next_token() {
            Ok(None) => return Segments { all, stopped: None },
            Ok(Some((token, span))) => (token, span.start_offset as usize..span.end_offset as usize),
            Err(_) => {
                let rest = &source[end..];
                let space = if is_open { rest.len() - rest.trim_start().len() } else { 0 };
                return Segments { all, stopped: Some(end + space) };
            }
        };
        end = span.end;
        let part = match token {
            Token::TemplateData(_) => Part::Text,
            Token::VariableStart => Part::Expression,
            Token::BlockStart => Part::Statement,
            token => {
                let Some(segment) = all.last_mut() else { continue };
                segment.span.end = span.end;
                if matches!(token, Token::VariableEnd | Token::BlockEnd) {
                    segment.is_closed = true;
                    is_open = false;
                } else {
                    segment.tokens.push((token, span));
                }
                continue;
            }
        };
        is_open = part != Part::Text;
        all.push(Segment { part, span, tokens: Vec::new(), is_closed: !is_open });
    }
}

/// White space behind segment `at` that is in no segment: its tag takes it away.
pub fn gap_after(source: &str, all: &[Segment<'_>], at: usize) -> Span {
    let start = all[at].span.end;
    let gap = &source[start..all.get(at + 1).map_or(source.len(), |next| next.span.start)];
    start..start + gap.len() - gap.trim_start().len()
}

/// As `gap_after`, before segment `at`.
pub fn gap_before(source: &str, all: &[Segment<'_>], at: usize) -> Span {
    let end = all[at].span.start;
    let gap = &source[at.checked_sub(1).map_or(0, |before| all[before].span.end)..end];
    end - (gap.len() - gap.trim_end().len())..end
}

/// Where `word` stands in the segments of one kind.
fn mentions_in<'a>(
    source: &'a str,
    all: &'a [Segment<'a>],
    part: Part,
    word: &'a str,
) -> impl Iterator<Item = usize> + 'a {
    all.iter().filter(move |segment| segment.part == part).flat_map(move |segment| {
        mentions(&source[segment.span.clone()], word).map(move |at| segment.span.start + at)
    })
}

/// Where a `{% set … %}` of `source` has the name `name` first.
pub fn in_set(source: &str, name: &str) -> Option<usize> {
    let all = read(source).all;
    let mut tokens =
        all.iter().filter(|segment| segment.keyword() == "set").flat_map(|segment| &segment.tokens);
    tokens.find(|(token, _)| matches!(token, Token::Ident(own) if *own == name)).map(|(_, span)| span.start)
}

/// The only place in the statements of `source`, which set values, where `word` stands.
pub fn only_mention(source: &str, word: &str) -> Option<usize> {
    let all = read(source).all;
    let mut found = mentions_in(source, &all, Part::Statement, word);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The last place of `word` in the text of `source`; else of the letters of it that stand beside a `{{ … }}`, where a
/// loop makes the rest: `share_` of `share_{{ days }}`.
pub fn last_in_text(source: &str, word: &str) -> Option<usize> {
    let all = read(source).all;
    mentions_in(source, &all, Part::Text, word).last().or_else(|| {
        let texts = all.iter().enumerate().filter(|(_, segment)| !segment.is_tag());
        let beside = |at: Option<usize>| {
            at.and_then(|at| all.get(at)).filter(|segment| segment.part == Part::Expression)
        };
        let parts = texts.flat_map(|(at, segment)| {
            let text = &source[segment.span.clone()];
            let tail = text.len() - text.trim_end_matches(is_word).len();
            let head = text.len() - text.trim_start_matches(is_word).len();
            let tail_fits = word.ends_with(&text[..head]);
            let ends = beside(Some(at + 1)).filter(|_| word.starts_with(&text[text.len() - tail..]));
            let begins = beside(at.checked_sub(1)).filter(|_| tail_fits);
            [ends.map(|_| (tail, segment.span.end - tail)), begins.map(|tag| (head, tag.span.start))]
        });
        parts.flatten().filter(|(length, _)| *length > 0).max().map(|(_, at)| at)
    })
}
