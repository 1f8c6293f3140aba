//! What each column of a query is: the comment at its item, and the columns of tables that it is made of.
//!
//! The tree is DuckDB's own; the comments are of the text, which the tree leaves out. A comment belongs to the item that
//! ends on its line, else to the item right below it: a blank line between makes it a heading.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Lexeme, Whitespace};

use super::tokens::{Token, lexemes};
use super::tree::{self, children, leftmost, list, lower, name_of, texts};

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
    tokens: Vec<Token<'a>>,
    sql: &'a str,
    /// Whether a table has a column.
    has: &'a dyn Fn(&str, &str) -> bool,
    known: RefCell<BTreeMap<(usize, String), Option<Output>>>,
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
    pub fn read(sql: &'a str, has: &'a dyn Fn(&str, &str) -> bool) -> Option<Self> {
        let node = tree::deep(|| tree::query(sql)).ok()?;
        Some(Self { node, tokens: lexemes(sql).0, sql, has, known: RefCell::default() })
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
        let ctes = outer.iter().cloned().chain(tree::ctes(node)).collect();
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
        let items = list(&select["select_list"]);
        if let Some(item) = items.iter().find(|item| name_of(item) == name) {
            return Some(self.of_item(item, items, &from));
        }
        items.iter().filter(|item| item["type"] == "STAR" && !item["columns"].is_object()).find_map(|star| {
            if texts(&star["exclude_list"]).any(|excluded| excluded == name) {
                return None;
            }
            if let Some(with) = list(&star["replace_list"]).iter().find(|with| lower(&with["key"]) == name) {
                return Some(self.of_item(&with["value"], &[], &from));
            }
            self.of_relations(&from, &lower(&star["relation_name"]), name)
        })
    }

    /// The column that an item gives, in a select list of `items`, which may name each other.
    fn of_item(&self, item: &Json, items: &[Json], from: &[(String, Relation<'_>)]) -> Output {
        let comment = self.comment(item);
        let is_passed_on = item["type"] == "COLUMN_REF";
        let passed = is_passed_on.then(|| self.of_reference(item, item, items, from)).flatten();
        if let Some(passed) = passed {
            return Output { text: comment.or(passed.text), ..passed };
        }
        let mut found = Vec::new();
        references(item, &mut found);
        let reads = found.into_iter().filter_map(|reference| self.of_reference(reference, item, items, from));
        let reads = reads.flat_map(|output| output.reads).collect();
        Output { text: comment, reads, expression: self.expression(item) }
    }

    /// What a reference to a column means, within `inside`: one of FROM, else an item of the same list.
    fn of_reference(
        &self,
        node: &Json,
        inside: &Json,
        items: &[Json],
        from: &[(String, Relation<'_>)],
    ) -> Option<Output> {
        let path: Vec<String> = texts(&node["column_names"]).collect();
        let (relation, name) = match &path[..] {
            [name] => ("", name),
            [relation, name, ..] => (relation.as_str(), name),
            [] => return None,
        };
        self.of_relations(from, relation, name).or_else(|| {
            let is_it = |item: &Json| path.len() == 1 && lower(&item["alias"]) == *name;
            let at = items.iter().position(|item| is_it(item) && !std::ptr::eq(item, inside))?;
            // What stands before it, so that two items that name each other end.
            Some(self.of_item(&items[at], &items[..at], from))
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

    /// The tokens of an item, its first and its last.
    fn span(&self, item: &Json) -> Option<(usize, usize)> {
        let at = leftmost(item)?;
        let mut first = self.tokens.iter().position(|token| token.range.end > at)?;
        // A bracket around its beginning has no place in the tree.
        while let Some(before) = (0..first).rev().find(|&at| !self.tokens[at].is_space())
            && self.tokens[before].text == "("
            && before.checked_sub(1).is_some_and(|at| !is_name(&self.tokens[at]))
        {
            first = before;
        }
        let depth = self.tokens[first].depth;
        let mut last = first;
        for at in first..self.tokens.len() {
            let token = &self.tokens[at];
            if token.depth < depth || token.depth == depth && ends_item(token, &self.tokens[last]) {
                break;
            }
            if !token.is_space() {
                last = at;
            }
        }
        Some((first, last))
    }

    /// The comment behind an item, else the lines of comment right above it.
    fn comment(&self, item: &Json) -> Option<String> {
        let (first, last) = self.span(item)?;
        let mut behind = self.tokens[last + 1..].iter().filter(|token| !is_blank(token) && token.text != ",");
        if let Some(text) = behind.next().and_then(comment) {
            return Some(text).filter(|text| !text.is_empty());
        }
        let mut lines = Vec::new();
        let mut before = self.tokens[..first].iter().rev().filter(|token| !is_blank(token)).peekable();
        // One behind something else on its line belongs to that.
        while before.next().is_some_and(is_newline)
            && let Some(text) = before.next().and_then(comment)
            && before.peek().is_none_or(|above| is_newline(above))
        {
            lines.push(text);
        }
        lines.reverse();
        Some(lines.join(" ")).filter(|text| !text.is_empty())
    }

    /// The text of an item without its alias, on one line.
    fn expression(&self, item: &Json) -> Option<String> {
        let (first, last) = self.span(item)?;
        let is_named = !lower(&item["alias"]).is_empty();
        let as_at = (first..last).rev().find(|&at| is_named && self.tokens[at].is("as"));
        let end = as_at.map_or(self.tokens[last].range.end, |at| self.tokens[at].range.start);
        let text = self.sql.get(self.tokens[first].range.start..end)?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Space within a line.
fn is_blank(token: &Token<'_>) -> bool {
    matches!(token.lexeme, Lexeme::Whitespace(Whitespace::Space | Whitespace::Tab))
}

fn is_newline(token: &Token<'_>) -> bool {
    token.lexeme == Lexeme::Whitespace(Whitespace::Newline)
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(&token.lexeme, Lexeme::Word(word) if word.keyword == Keyword::NoKeyword)
}

fn comment(token: &Token<'_>) -> Option<String> {
    match &token.lexeme {
        Lexeme::Whitespace(Whitespace::SingleLineComment { comment, .. }) => Some(comment.trim().to_owned()),
        _ => None,
    }
}

/// Whether an item ends before this token, which follows `before`.
fn ends_item(token: &Token<'_>, before: &Token<'_>) -> bool {
    const ENDS: [&str; 13] = [
        ",",
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
    // `a is distinct from b` goes on.
    ENDS.iter().any(|end| token.is(end)) && !before.is("distinct") && before.text != "."
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
            let table = source.map(|source| (alias(&name), Relation::Table(format!("sources.{source}"))));
            table.into_iter().collect()
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
