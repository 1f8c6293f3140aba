//! What each column of a query is: the comment at its item, and the columns of tables that it is made of.
//!
//! The tree is DuckDB's own; the comments are of the text, which the tree leaves out. A comment belongs to the item that
//! ends on its line, else to the item right below it: a blank line between makes it a heading.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::Value as Json;
use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use super::tree::{self, children, leftmost, lower, texts};
use crate::warehouse::Warehouse;

/// A column of a table: `features.seller_sales`, `order_count`.
pub type Origin = (String, String);

/// One column that a query gives.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// The comment at its item, or at the one of a CTE that it passes on.
    pub text: Option<String>,
    /// The columns that it is made of.
    pub reads: BTreeSet<Origin>,
    /// What makes it; `None` where it is a column as it was.
    pub expression: Option<String>,
}

/// A query that is read for its columns.
pub struct Outputs<'a> {
    node: Json,
    words: Vec<Word>,
    sql: &'a str,
    /// Whether a table has a column.
    has: &'a dyn Fn(&str, &str) -> bool,
    known: RefCell<BTreeMap<(usize, String), Option<Output>>>,
}

/// A token with its place.
struct Word {
    token: Token,
    start: usize,
    end: usize,
}

/// Named queries that a query may read, each of which sees those before it.
type Ctes<'t> = Vec<(String, &'t Json)>;

/// What a FROM names: a table, or a query with what it may read.
enum Relation<'t> {
    Table(String),
    Query(&'t Json, Ctes<'t>),
}

impl<'a> Outputs<'a> {
    /// Reads `sql`; `None` where DuckDB has no tree of it, which others tell.
    pub fn read(
        warehouse: &Warehouse,
        sql: &'a str,
        has: &'a dyn Fn(&str, &str) -> bool,
    ) -> Result<Option<Self>> {
        let Ok(mut tree) = tree::tree(warehouse, sql)? else { return Ok(None) };
        let Some(node) = tree.pointer_mut("/statements/0/node").map(Json::take) else { return Ok(None) };
        Ok(Some(Self { node, words: words(sql), sql, has, known: RefCell::default() }))
    }

    /// Where column `name` comes from.
    pub fn column(&self, name: &str) -> Output {
        self.of_query(&self.node, &name.to_lowercase(), &Ctes::new()).unwrap_or_default()
    }

    fn of_query(&self, node: &Json, name: &str, outer: &Ctes<'_>) -> Option<Output> {
        let key = (std::ptr::from_ref(node) as usize, name.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let mut ctes = outer.clone();
        for cte in node.pointer("/cte_map/map").and_then(Json::as_array).into_iter().flatten() {
            ctes.push((lower(&cte["key"]), &cte["value"]["query_node"]));
        }
        let found = match node["type"].as_str() {
            Some("SELECT_NODE") => self.of_select(node, name, &ctes),
            Some("SET_OPERATION_NODE") => self.of_query(&node["children"][0], name, &ctes),
            Some("RECURSIVE_CTE_NODE") => self.of_query(&node["left"], name, &ctes),
            _ => None,
        };
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    fn of_select(&self, select: &Json, name: &str, ctes: &Ctes<'_>) -> Option<Output> {
        let from = relations(&select["from_table"], ctes);
        let items = || select["select_list"].as_array().into_iter().flatten();
        if let Some(item) = items().find(|item| name_of(item) == name) {
            return Some(self.of_item(item, items().collect(), &from));
        }
        items().filter(|item| item["type"] == "STAR" && !item["columns"].is_object()).find_map(|star| {
            if texts(&star["exclude_list"]).any(|excluded| excluded == name) {
                return None;
            }
            let replaced = star["replace_list"].as_array().into_iter().flatten();
            if let Some(with) = replaced.into_iter().find(|with| lower(&with["key"]) == name) {
                return Some(self.of_item(&with["value"], Vec::new(), &from));
            }
            self.of_relations(&from, &lower(&star["relation_name"]), name)
        })
    }

    /// The column that an item gives, in a select list of `items`, which may name each other.
    fn of_item(&self, item: &Json, items: Vec<&Json>, from: &[(String, Relation<'_>)]) -> Output {
        let comment = self.comment(item);
        let passed = (item["type"] == "COLUMN_REF").then(|| self.of_reference(item, &items, from));
        if let Some(passed) = passed.flatten() {
            return Output { text: comment.or(passed.text), ..passed };
        }
        let mut found = Vec::new();
        references(item, &mut found);
        let others: Vec<&Json> = items.into_iter().filter(|other| !std::ptr::eq(*other, item)).collect();
        let reads = found.into_iter().filter_map(|reference| self.of_reference(reference, &others, from));
        let reads = reads.flat_map(|output| output.reads).collect();
        Output { text: comment, reads, expression: self.expression(item) }
    }

    /// What a reference to a column means: one of FROM, else an item of the same list.
    fn of_reference(&self, node: &Json, items: &[&Json], from: &[(String, Relation<'_>)]) -> Option<Output> {
        let path: Vec<String> = texts(&node["column_names"]).collect();
        let (relation, name) = match &path[..] {
            [name] => ("", name),
            [relation, name, ..] => (relation.as_str(), name),
            [] => return None,
        };
        self.of_relations(from, relation, name).or_else(|| {
            let is_it = |item: &&&Json| path.len() == 1 && lower(&item["alias"]) == *name;
            let item = items.iter().find(is_it)?;
            // What stands before it, so that two items that name each other end.
            let before = items.iter().take_while(|other| !std::ptr::eq(**other, *item));
            Some(self.of_item(item, before.copied().collect(), from))
        })
    }

    fn of_relations(&self, from: &[(String, Relation<'_>)], alias: &str, name: &str) -> Option<Output> {
        let mut named = from.iter().filter(|(other, _)| alias.is_empty() || other == alias);
        named.find_map(|(_, relation)| match relation {
            Relation::Query(node, ctes) => self.of_query(node, name, ctes),
            Relation::Table(table) => (self.has)(table, name).then(|| Output {
                reads: BTreeSet::from([(table.clone(), name.to_owned())]),
                ..Output::default()
            }),
        })
    }

    /// The words of an item, from its first to its last.
    fn span(&self, item: &Json) -> Option<(usize, usize)> {
        let at = leftmost(item)?;
        let mut first = self.words.iter().position(|word| word.end > at)?;
        // A bracket around its beginning has no place in the tree.
        while let Some(before) = (0..first).rev().find(|&at| !self.words[at].is_space())
            && matches!(self.words[before].token, Token::LParen)
            && before.checked_sub(1).is_some_and(|at| !self.words[at].is_name())
        {
            first = before;
        }
        let (mut depth, mut last) = (0_usize, first);
        for at in first..self.words.len() {
            match &self.words[at].token {
                Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
                Token::RParen | Token::RBracket | Token::RBrace if depth == 0 => break,
                Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
                Token::Comma if depth == 0 => break,
                _ if depth == 0 && self.words[at].ends_list(&self.words[last]) => break,
                _ => {}
            }
            if !self.words[at].is_space() {
                last = at;
            }
        }
        Some((first, last))
    }

    /// The comment behind an item, else the lines of comment right above it.
    fn comment(&self, item: &Json) -> Option<String> {
        let (first, last) = self.span(item)?;
        let behind =
            self.words[last + 1..].iter().find(|word| !word.is_blank() && word.token != Token::Comma);
        if let Some(text) = behind.and_then(Word::comment) {
            return Some(text).filter(|text| !text.is_empty());
        }
        let mut lines = Vec::new();
        let mut before = self.words[..first].iter().rev().filter(|word| !word.is_blank()).peekable();
        // One behind something else on its line belongs to that.
        while before.next().is_some_and(Word::is_newline)
            && let Some(text) = before.next().and_then(Word::comment)
            && before.peek().is_none_or(|above| above.is_newline())
        {
            lines.push(text);
        }
        lines.reverse();
        Some(lines.join(" ")).filter(|text| !text.is_empty())
    }

    /// The text of an item without its alias, on one line.
    fn expression(&self, item: &Json) -> Option<String> {
        let (first, last) = self.span(item)?;
        let named =
            |word: &Word| matches!(&word.token, Token::Word(text) if text.value.eq_ignore_ascii_case("as"));
        let is_named = !lower(&item["alias"]).is_empty();
        let as_at = (first..last).rev().find(|&at| named(&self.words[at])).filter(|_| is_named);
        let end = as_at.map_or(self.words[last].end, |at| self.words[at].start);
        let text = self.sql.get(self.words[first].start..end)?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl Word {
    fn is_space(&self) -> bool {
        matches!(self.token, Token::Whitespace(_))
    }

    /// Space within a line.
    fn is_blank(&self) -> bool {
        matches!(self.token, Token::Whitespace(Whitespace::Space | Whitespace::Tab))
    }

    fn is_newline(&self) -> bool {
        matches!(self.token, Token::Whitespace(Whitespace::Newline))
    }

    fn is_name(&self) -> bool {
        matches!(&self.token, Token::Word(word) if word.keyword == sqlparser::keywords::Keyword::NoKeyword)
    }

    fn comment(&self) -> Option<String> {
        match &self.token {
            Token::Whitespace(Whitespace::SingleLineComment { comment, .. }) => {
                Some(comment.trim().to_owned())
            }
            _ => None,
        }
    }

    /// Whether a select list ends before this word, which follows `before`.
    fn ends_list(&self, before: &Self) -> bool {
        const ENDS: [&str; 12] = [
            "from",
            "where",
            "group",
            "having",
            "window",
            "qualify",
            "order",
            "limit",
            "union",
            "intersect",
            "except",
            "offset",
        ];
        let is = |word: &Self, text: &str| matches!(&word.token, Token::Word(other) if other.value.eq_ignore_ascii_case(text));
        // `a is distinct from b` goes on.
        ENDS.iter().any(|end| is(self, end)) && !is(before, "distinct") && before.token != Token::Period
    }
}

/// The name of the column that an item gives; empty for a star, and for what has none.
fn name_of(item: &Json) -> String {
    match lower(&item["alias"]) {
        alias if !alias.is_empty() => alias,
        _ => texts(&item["column_names"]).last().unwrap_or_default(),
    }
}

/// What a FROM names, by alias.
fn relations<'t>(from: &'t Json, ctes: &Ctes<'t>) -> Vec<(String, Relation<'t>)> {
    let alias = |name: &str| match lower(&from["alias"]) {
        alias if !alias.is_empty() => alias,
        _ => name.to_owned(),
    };
    match from["type"].as_str() {
        Some("BASE_TABLE") => {
            let (schema, name) = (lower(&from["schema_name"]), lower(&from["table_name"]));
            let cte = ctes.iter().rposition(|(cte, _)| schema.is_empty() && *cte == name);
            let relation = match cte {
                Some(at) => Relation::Query(ctes[at].1, ctes[..at].to_vec()),
                None => Relation::Table(format!("{schema}.{name}")),
            };
            vec![(alias(&name), relation)]
        }
        // `source` gives the rows of a source as of a date.
        Some("TABLE_FUNCTION") => {
            let (function, name) = (&from["function"], lower(&from["function"]["function_name"]));
            let source = name.strip_suffix("_as_of").filter(|_| function["schema"] == "sources");
            source
                .map(|source| (alias(&name), Relation::Table(format!("sources.{source}"))))
                .into_iter()
                .collect()
        }
        Some("SUBQUERY") => vec![(alias(""), Relation::Query(&from["subquery"]["node"], ctes.clone()))],
        Some("JOIN") => {
            let is_seen = !["SEMI", "ANTI"].iter().any(|join| from["join_type"] == *join);
            let right = is_seen.then(|| relations(&from["right"], ctes));
            relations(&from["left"], ctes).into_iter().chain(right.into_iter().flatten()).collect()
        }
        _ => Vec::new(),
    }
}

/// The columns that an expression names, without those of queries inside it.
fn references<'t>(node: &'t Json, found: &mut Vec<&'t Json>) {
    match node["type"].as_str() {
        Some("COLUMN_REF") => found.push(node),
        Some("SUBQUERY") => {}
        _ => children(node).for_each(|child| references(child, found)),
    }
}

/// The tokens of `sql`, with the bytes that they take; none where it does not read as SQL.
fn words(sql: &str) -> Vec<Word> {
    let tokens = Tokenizer::new(&DuckDbDialect {}, sql).tokenize_with_location().unwrap_or_default();
    let mut starts = Vec::with_capacity(tokens.len());
    let (mut line, mut column, mut at) = (1_u64, 1_u64, 0_usize);
    let mut rest = sql.chars();
    for token in &tokens {
        while (line, column) < (token.span.start.line, token.span.start.column) {
            let Some(next) = rest.next() else { break };
            (line, column) = if next == '\n' { (line + 1, 1) } else { (line, column + 1) };
            at += next.len_utf8();
        }
        starts.push(at);
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([sql.len()]).collect();
    let places = starts.into_iter().zip(ends);
    tokens
        .into_iter()
        .zip(places)
        .map(|(token, (start, end))| Word { token: token.token, start, end })
        .collect()
}
