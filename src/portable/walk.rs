//! One pass over the syntax tree: what differs on Spark becomes a rule of the text, what is not known is refused.

use sqlparser::ast::Query;
use sqlparser::dialect::DuckDbDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token as Lexeme, TokenWithSpan, Tokenizer};

use super::text::Text;
use super::{Refusal, Relations};
use crate::sql::lexemes;

/// Deeper than any query that is written by hand; the stack is made for it.
const DEEPEST: usize = 500;

/// Words that may stand behind a comma that ends a list.
const BEHIND_A_LIST: [&str; 12] =
    ["from", "where", "group", "having", "qualify", "window", "order", "limit", "union", "select", ")", "]"];

pub struct Walk<'a> {
    pub text: Text<'a>,
    pub relations: &'a Relations<'a>,
    pub refusals: Vec<Refusal>,
    /// Names of the items before in the same list, which Spark does not know within an aggregate or a window.
    pub names: Vec<String>,
    /// How many aggregates and windows are around.
    pub depth: usize,
    /// The last place that the parser has given.
    at: usize,
}

impl<'a> Walk<'a> {
    /// Fails at the byte at which the parser does.
    pub fn over(sql: &'a str, relations: &'a Relations<'a>) -> Result<Self, Refusal> {
        let mut text = Text::new(sql);
        let bare_froms = bare_froms(&text);
        let places: Vec<Location> = bare_froms.iter().map(|at| text.tokens[*at].place).collect();
        let query = parse(sql, &places).map_err(|error| unread(&text, &error))?;
        for from in bare_froms {
            text.insert(text.tokens[from].range.start, "select * ");
        }
        let mut walk = Self { text, relations, refusals: Vec::new(), names: Vec::new(), depth: 0, at: 0 };
        walk.query(&query);
        walk.signs();
        Ok(walk)
    }

    pub fn come_to(&mut self, place: Location) {
        if let Some(token) = self.text.token_at(place) {
            self.stand_at(token);
        }
    }

    pub fn stand_at(&mut self, token: usize) {
        self.at = self.text.tokens[token].range.start;
    }

    pub fn refuse(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.refusals.push(Refusal { at: self.at, message: message.into(), hint: hint.into() });
    }

    pub fn refuse_if(&mut self, differs: bool, message: &str, hint: &str) {
        if differs {
            self.refuse(message, hint);
        }
    }

    pub fn unlisted(&mut self, what: &str, hint: &str) {
        self.refuse(format!("{what} is not on the list of what is the same on Spark"), hint);
    }

    /// What is spelt otherwise wherever it stands: quotes, backslashes, and commas that end a list.
    fn signs(&mut self) {
        for at in 0..self.text.tokens.len() {
            let token = self.text.tokens[at].clone();
            let next = self.text.tokens.get(at + 1);
            match &token.lexeme {
                Lexeme::SingleQuotedString(_) if token.text.contains('\\') => {
                    self.text.rename(at, token.text.replace('\\', "\\\\"));
                }
                Lexeme::SingleQuotedString(_) => {}
                Lexeme::Word(word) if word.quote_style == Some('"') => {
                    self.text.rename(at, format!("`{}`", word.value.replace('`', "``")));
                }
                Lexeme::Comma if next.is_some_and(|next| !BEHIND_A_LIST.iter().any(|word| next.is(word))) => {
                }
                Lexeme::Comma | Lexeme::SemiColon => self.text.rename(at, ""),
                _ if token.text.contains('\'') => {
                    self.stand_at(at);
                    self.refuse("this way to write a text is not on Spark", "`'…'`, with two quotes for one");
                }
                _ => {}
            }
        }
        // Spark reads on in the next line.
        for comment in lexemes(self.text.sql).0.iter().filter(|lexeme| lexeme.text.starts_with("--")) {
            let line = comment.text.trim_end_matches(['\r', '\n']);
            if line.ends_with('\\') {
                self.text.insert(comment.range.start + line.len(), " ");
            }
        }
    }
}

/// What DuckDB says without `select *`: `from x where …` at the start, or behind a bracket.
fn bare_froms(text: &Text<'_>) -> Vec<usize> {
    let is_bare = |at: &usize| {
        let depth = text.tokens[*at].depth;
        let mut same = text.tokens[*at..].iter().take_while(|token| token.depth >= depth);
        text.is(*at, "from")
            && (*at == 0 || text.is(at - 1, "("))
            && !same.any(|token| token.depth == depth && token.is("select"))
    };
    (0..text.tokens.len()).filter(is_bare).collect()
}

/// `sqlparser` reads such a query only with its `select *`, which is given to it without a place of its own.
fn parse(sql: &str, bare_froms: &[Location]) -> Result<Box<Query>, ParserError> {
    let dialect = DuckDbDialect {};
    let mut tokens = Vec::new();
    for token in Tokenizer::new(&dialect, sql).tokenize_with_location()? {
        if bare_froms.contains(&token.span.start) {
            tokens.push(TokenWithSpan::new(Lexeme::make_keyword("select"), token.span));
            tokens.push(TokenWithSpan::new(Lexeme::Mul, token.span));
        }
        tokens.push(token);
    }
    let mut parser = Parser::new(&dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let query = parser.parse_query()?;
    while parser.consume_token(&Lexeme::SemiColon) {}
    parser.expect_token(&Lexeme::EOF)?;
    Ok(query)
}

/// DuckDB reads it: it was proven before.
fn unread(text: &Text<'_>, error: &ParserError) -> Refusal {
    let message = match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => "it is nested too deep",
    };
    let (what, place) = message.split_once(" at Line: ").unwrap_or((message, ""));
    let mut numbers = place.split(", Column: ").map(|number| number.trim().parse::<u64>().unwrap_or(0));
    let location = Location::new(numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    Refusal {
        at: text.token_at(location).map_or(0, |at| text.tokens[at].range.start),
        message: format!(
            "this cannot be translated for Spark: {}",
            what.trim_start_matches("sql parser error: ")
        ),
        hint: "write it in plainer SQL, or as a macro of queries/macros/spark/".to_owned(),
    }
}
