//! The tokens of a text of SQL, also of one that does not parse.

use std::ops::Range;

use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Location, Token as Lexeme, Tokenizer};

/// A word, a sign or a quoted text. Comments and space are left out.
#[derive(Debug, Clone)]
pub struct Token {
    pub range: Range<usize>,
    /// Brackets that are open around it.
    pub depth: usize,
}

/// The tokens of `sql`, and where the quote or comment begins that is never closed.
pub fn tokens(sql: &str) -> (Vec<Token>, Option<usize>) {
    let mut lexemes = Vec::new();
    let mut tokenizer = Tokenizer::new(&DuckDbDialect, sql).with_unescape(false);
    let is_whole = tokenizer.tokenize_with_location_into_buf(&mut lexemes).is_ok();
    let mut cursor = Cursor { sql, offset: 0, at: Location::new(1, 1) };
    let mut tokens = Vec::with_capacity(lexemes.len());
    let (mut depth, mut end) = (0_usize, 0);
    for lexeme in lexemes {
        let range = cursor.go_to(lexeme.span.start)..cursor.go_to(lexeme.span.end);
        let closes = matches!(lexeme.token, Lexeme::RParen | Lexeme::RBracket | Lexeme::RBrace);
        let opens = matches!(lexeme.token, Lexeme::LParen | Lexeme::LBracket | Lexeme::LBrace);
        end = range.end;
        depth = depth.saturating_sub(usize::from(closes));
        if !matches!(lexeme.token, Lexeme::Whitespace(_) | Lexeme::EOF) {
            tokens.push(Token { range, depth });
        }
        depth += usize::from(opens);
    }
    (tokens, (!is_whole).then_some(end))
}

/// SQL without comments and layout: what is left decides what the query does. Quoted texts and names stay as they are.
pub fn normal(sql: &str) -> String {
    let (tokens, unclosed) = tokens(sql);
    let mut out = String::with_capacity(sql.len());
    let mut end = 0;
    let rest = unclosed.map(|start| start..sql.len());
    for range in tokens.into_iter().map(|token| token.range).chain(rest) {
        if !out.is_empty() && range.start > end {
            out.push(' ');
        }
        end = range.end;
        out.push_str(&sql[range]);
    }
    out
}

/// Where the statements of `text` begin.
pub fn starts(text: &str) -> Vec<usize> {
    let mut is_open = false;
    let mut starts = Vec::new();
    for token in tokens(text).0 {
        let ends = &text[token.range.clone()] == ";";
        if !ends && !is_open {
            starts.push(token.range.start);
        }
        is_open = !ends;
    }
    starts
}

/// `text` without the semicolons behind its last statement.
pub fn unended(text: &str) -> &str {
    let (tokens, _) = tokens(text);
    let end = tokens.iter().rev().take_while(|token| &text[token.range.clone()] == ";").last();
    end.map_or(text, |token| &text[..token.range.start])
}

/// From the tokenizer's lines and columns, in characters from 1, to bytes: of places that come one after another.
struct Cursor<'a> {
    sql: &'a str,
    offset: usize,
    at: Location,
}

impl Cursor<'_> {
    fn go_to(&mut self, place: Location) -> usize {
        let here = |at: &Location| (at.line, at.column);
        for c in self.sql[self.offset..].chars() {
            if here(&self.at) >= here(&place) {
                break;
            }
            self.offset += c.len_utf8();
            self.at = match c {
                '\n' => Location::new(self.at.line + 1, 1),
                _ => Location::new(self.at.line, self.at.column + 1),
            };
        }
        self.offset
    }
}
