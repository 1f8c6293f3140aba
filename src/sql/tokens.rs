//! The tokens of a text of SQL, also of one that does not parse.

use std::ops::Range;

use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Location, Token as Lexeme, TokenWithSpan, Tokenizer};

/// A word, a sign, a quoted text; among `lexemes` also a comment, or space.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    pub text: &'a str,
    pub range: Range<usize>,
    /// Where it begins, as the parser counts.
    pub place: Location,
    /// Brackets that are open around it.
    pub depth: usize,
    pub lexeme: Lexeme,
}

impl Token<'_> {
    pub fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    pub fn is_space(&self) -> bool {
        matches!(self.lexeme, Lexeme::Whitespace(_))
    }
}

/// The tokens of `sql` without comments and space.
pub fn tokens(sql: &str) -> Vec<Token<'_>> {
    let (mut tokens, _) = lexemes(sql);
    tokens.retain(|token| !token.is_space());
    tokens
}

/// All tokens of `sql`, and where the quote or comment begins that is never closed.
pub fn lexemes(sql: &str) -> (Vec<Token<'_>>, Option<usize>) {
    let mut lexemes = Vec::new();
    let mut tokenizer = Tokenizer::new(&DuckDbDialect, sql).with_unescape(false);
    let is_whole = tokenizer.tokenize_with_location_into_buf(&mut lexemes).is_ok();
    // From lines and columns, in characters from 1, to bytes: of places that come one after another.
    let (mut chars, mut at) = (sql.char_indices().peekable(), Location::new(1, 1));
    let mut byte_of = |place: Location| {
        while at < place
            && let Some((_, c)) = chars.next()
        {
            at = if c == '\n' { (at.line + 1, 1).into() } else { (at.line, at.column + 1).into() };
        }
        chars.peek().map_or(sql.len(), |(byte, _)| *byte)
    };
    let mut tokens = Vec::with_capacity(lexemes.len());
    let (mut depth, mut end) = (0_usize, 0);
    for TokenWithSpan { token: lexeme, span } in lexemes {
        let range = byte_of(span.start)..byte_of(span.end);
        let closes = matches!(lexeme, Lexeme::RParen | Lexeme::RBracket | Lexeme::RBrace);
        let opens = matches!(lexeme, Lexeme::LParen | Lexeme::LBracket | Lexeme::LBrace);
        end = range.end;
        depth = depth.saturating_sub(usize::from(closes));
        if lexeme != Lexeme::EOF {
            tokens.push(Token { text: &sql[range.clone()], range, place: span.start, depth, lexeme });
        }
        depth += usize::from(opens);
    }
    (tokens, (!is_whole).then_some(end))
}

/// The first character outside of texts and comments that nobody sees: DuckDB takes some for blanks, and some for a part
/// of a name.
pub fn invisible(sql: &str) -> Option<(usize, char)> {
    let is_one = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    if !sql.contains(is_one) {
        return None;
    }
    let mut code = tokens(sql).into_iter().filter(|token| !token.text.starts_with('\''));
    code.find_map(|token| {
        let (at, c) = token.text.char_indices().find(|(_, c)| is_one(*c))?;
        Some((token.range.start + at, c))
    })
}

/// SQL without comments and layout: what is left decides what the query does. Quoted texts and names stay as they are.
pub fn normal(sql: &str) -> String {
    let (tokens, unclosed) = lexemes(sql);
    normal_of(sql, &tokens, unclosed)
}

/// The same, of what `lexemes` gave.
pub fn normal_of(sql: &str, lexemes: &[Token<'_>], unclosed: Option<usize>) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut end = 0;
    let words = lexemes.iter().filter(|token| !token.is_space()).map(|token| token.range.clone());
    for range in words.chain(unclosed.map(|start| start..sql.len())) {
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
    let tokens = tokens(text);
    let before = std::iter::once(";").chain(tokens.iter().map(|token| token.text));
    let first = tokens.iter().zip(before).filter(|(token, before)| *before == ";" && token.text != ";");
    first.map(|(token, _)| token.range.start).collect()
}

/// `text` without the semicolons behind its last statement.
pub fn unended(text: &str) -> &str {
    let tokens = tokens(text);
    let end = tokens.iter().rev().take_while(|token| token.text == ";").last();
    end.map_or(text, |token| &text[..token.range.start])
}

/// The brackets that are open while the words of a text are read, each with its place.
#[derive(Default)]
pub struct Brackets<'a>(pub Vec<(usize, &'a str)>);

impl<'a> Brackets<'a> {
    /// Reads the word or sign at `at`. Fails where it closes what is not open: with the bracket that is open instead.
    pub fn read(&mut self, at: usize, sign: &'a str) -> Result<(), Option<(usize, &'a str)>> {
        if [")", "]", "}"].contains(&sign) {
            let closed = self.0.pop_if(|(_, open)| Self::closing(open) == sign);
            return closed.map(drop).ok_or(self.0.last().copied());
        }
        if ["(", "[", "{"].contains(&sign) {
            self.0.push((at, sign));
        }
        Ok(())
    }

    /// What closes `open`.
    pub fn closing(open: &str) -> &'static str {
        match open {
            "(" => ")",
            "[" => "]",
            _ => "}",
        }
    }
}
