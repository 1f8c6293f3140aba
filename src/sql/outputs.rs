//! What each column of a query is: the comment at its item, and the columns of tables that it is made of.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::items::Written;
use super::tree::{self, children, list, lower, name_of, texts};

/// A column of a table: `features.seller_sales`, `order_count`; `*` where its rows are counted.
pub type Origin = (String, String);

/// One column that a query gives.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// The comment at its item, or at the one of a CTE that it passes on.
    pub text: Option<String>,
    /// The columns that it is made of.
    pub reads: BTreeSet<Origin>,
    /// What it is made of besides, and could not be followed to a table.
    pub unresolved: BTreeSet<String>,
    /// What makes it; `None` where it is a column as it was.
    pub expression: Option<String>,
    /// The byte at which that begins.
    pub at: Option<usize>,
}

/// A query that is read for its columns.
pub struct Outputs<'a> {
    node: Json,
    written: Written<'a>,
    /// Whether a table has a column.
    has: &'a dyn Fn(&str, &str) -> bool,
    known: RefCell<BTreeMap<(usize, String), Option<Output>>>,
}

/// Named queries that a query may read, each of which sees those before it.
type Ctes<'t> = Vec<(String, &'t Json)>;

/// What a FROM names.
#[derive(Clone)]
enum Relation<'t> {
    Table(String),
    /// A query with what it may read, and other names for its columns.
    Query(&'t Json, Ctes<'t>, Vec<String>),
    /// A function, whose columns are made of its arguments, and their names.
    Function(&'t Json, Vec<String>),
}

/// What names mean at a place: the tables and the queries that can be read.
#[derive(Clone)]
struct Scope<'t> {
    /// By alias, those of the innermost query first.
    from: Vec<(String, Relation<'t>)>,
    ctes: Ctes<'t>,
    /// Of the lambdas around, which are no columns.
    parameters: Vec<String>,
}

impl<'a> Outputs<'a> {
    /// Reads `sql`; `None` where DuckDB has no tree of it, which others tell.
    pub fn read(sql: &'a str, has: &'a dyn Fn(&str, &str) -> bool) -> Option<Self> {
        let node = tree::query(sql).ok()?;
        Some(Self { node, written: Written::new(sql), has, known: RefCell::default() })
    }

    /// Where column `name` comes from.
    pub fn column(&self, name: &str) -> Output {
        let found = tree::deep(|| self.of_query(&self.node, &name.to_lowercase(), &Ctes::new()));
        found.unwrap_or_else(|| Output::unresolved(name))
    }

    fn of_query(&self, node: &Json, name: &str, outer: &Ctes<'_>) -> Option<Output> {
        let key = (std::ptr::from_ref(node) as usize, name.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let ctes = with_own(outer, node);
        let found = match node["type"].as_str() {
            Some("SELECT_NODE") => self.of_select(node, name, &ctes),
            Some("SET_OPERATION_NODE") => {
                let (first, others) = list(&node["children"]).split_first()?;
                let of_branch =
                    |output: Output, other| output.with(self.of_branch(first, other, name, &ctes));
                Some(others.iter().fold(self.of_query(first, name, &ctes)?, of_branch))
            }
            Some("RECURSIVE_CTE_NODE") => {
                let first = self.of_query(&node["left"], name, &ctes)?;
                let mut ctes = ctes;
                ctes.push((lower(&node["cte_name"]), &node["left"]));
                Some(first.with(self.of_branch(&node["left"], &node["right"], name, &ctes)))
            }
            _ => None,
        };
        self.known.borrow_mut().insert(key, found.clone());
        found
    }

    /// What stands in `other` at the place of the column `name` of `first`.
    fn of_branch(&self, first: &Json, other: &Json, name: &str, ctes: &Ctes<'_>) -> Option<Output> {
        let has_star = |node: &Json| list(&node["select_list"]).iter().any(|item| item["type"] == "STAR");
        let at = list(&first["select_list"]).iter().position(|item| name_of(item) == name);
        match at.and_then(|at| list(&other["select_list"]).get(at)) {
            Some(item) if !has_star(first) && !has_star(other) => {
                let scope = Scope::of(other, with_own(ctes, other));
                Some(self.of_item(item, list(&other["select_list"]), &scope))
            }
            _ => self.of_query(other, name, ctes),
        }
    }

    fn of_select(&self, select: &Json, name: &str, ctes: &Ctes<'_>) -> Option<Output> {
        let scope = Scope::of(select, ctes.clone());
        let items = list(&select["select_list"]);
        if let Some(item) = items.iter().find(|item| name_of(item) == name) {
            return Some(self.of_item(item, items, &scope));
        }
        let mut stars = items.iter().filter(|item| item["type"] == "STAR");
        stars.find_map(|star| {
            if star["columns"] == Json::Bool(true) {
                return Some(Output::unresolved("columns(…)"));
            }
            if texts(&star["exclude_list"]).any(|excluded| excluded == name) {
                return None;
            }
            if let Some(with) = list(&star["replace_list"]).iter().find(|with| lower(&with["key"]) == name) {
                return Some(self.of_item(&with["value"], &[], &scope));
            }
            self.of_relations(&scope, &lower(&star["relation_name"]), name)
        })
    }

    /// The column that an item gives, in a select list of `items`, which may name each other.
    fn of_item(&self, item: &Json, items: &[Json], scope: &Scope<'_>) -> Output {
        let text = self.written.comment(item);
        if item["type"] == "COLUMN_REF"
            && let Some(passed) = self.of_reference(item, item, items, scope)
        {
            return Output { text: text.or(passed.text), ..passed };
        }
        let (expression, at) = (self.written.expression(item), self.written.start(item));
        let mut made = Output { text, expression, at, ..Output::default() };
        self.add_parts(item, item, items, scope, &mut made);
        made
    }

    /// Adds what the columns mean that stand below `node`, those of queries inside it too.
    fn add_parts(&self, node: &Json, inside: &Json, items: &[Json], scope: &Scope<'_>, made: &mut Output) {
        match node["type"].as_str() {
            Some("COLUMN_REF") => {
                let name = texts(&node["column_names"]).collect::<Vec<_>>().join(".");
                if !scope.parameters.contains(&name) {
                    let part = self.of_reference(node, inside, items, scope);
                    made.add(part.unwrap_or_else(|| Output::unresolved(&name)));
                }
            }
            Some("LAMBDA") => {
                let mut scope = scope.clone();
                scope.parameters.extend(tree::column_names(&node["lhs"]));
                self.add_parts(&node["expr"], inside, items, &scope, made);
            }
            Some("SELECT_NODE") => {
                let mut own = Scope::of(node, with_own(&scope.ctes, node));
                own.from.extend(scope.from.iter().cloned());
                own.parameters.clone_from(&scope.parameters);
                for clause in ["select_list", "where_clause", "group_expressions", "having", "qualify"] {
                    self.add_parts(&node[clause], node, list(&node["select_list"]), &own, made);
                }
            }
            _ => {
                // Over a window it is a `count` of nothing.
                let is_bare = node["function_name"] == "count" && list(&node["arguments"]).is_empty();
                if is_bare || node["function_name"] == "count_star" {
                    let tables = scope.from.iter().flat_map(|(_, relation)| tables_of(relation));
                    made.reads.extend(tables.map(|table| (table, "*".to_owned())));
                }
                children(node).for_each(|child| self.add_parts(child, inside, items, scope, made));
            }
        }
    }

    /// What a reference to a column means, within `inside`: one of FROM, else an item of the same list.
    fn of_reference(&self, node: &Json, inside: &Json, items: &[Json], scope: &Scope<'_>) -> Option<Output> {
        let path: Vec<String> = texts(&node["column_names"]).collect();
        let first = path.first()?;
        let of_table = path.get(1).and_then(|name| self.of_relations(scope, first, name));
        // `s.f` may be a field of the column `s` as well.
        of_table.or_else(|| self.of_relations(scope, "", first)).or_else(|| {
            let is_it = |item: &Json| path.len() == 1 && lower(&item["alias"]) == *first;
            let at = items.iter().position(|item| is_it(item) && !std::ptr::eq(item, inside))?;
            // What stands before it, so that two items that name each other end.
            Some(self.of_item(&items[at], &items[..at], scope))
        })
    }

    fn of_relations(&self, scope: &Scope<'_>, alias: &str, name: &str) -> Option<Output> {
        let is_meant = |other: &str| alias.is_empty() || other == alias;
        scope.from.iter().enumerate().filter(|(_, (other, _))| is_meant(other)).find_map(
            |(at, (own, relation))| match relation {
                Relation::Table(table) => (self.has)(table, name).then(|| Output {
                    reads: BTreeSet::from([(table.clone(), name.to_owned())]),
                    ..Output::default()
                }),
                Relation::Query(node, ctes, names) => match names.iter().position(|other| other == name) {
                    // Of `(values …) as t (a, b)` the columns are made of nothing else.
                    Some(_) if node["from_table"]["type"] == "EXPRESSION_LIST" => Some(Output::default()),
                    Some(at) => self.of_query(node, &name_of(list(&node["select_list"]).get(at)?), ctes),
                    None => self.of_query(node, name, ctes),
                },
                Relation::Function(node, names) => {
                    let is_it = names.iter().any(|other| other == name) || own == name || !alias.is_empty();
                    let before = Scope { from: scope.from[..at].to_vec(), ..scope.clone() };
                    is_it.then(|| self.of_item(node, &[], &before))
                }
            },
        )
    }
}

impl Output {
    fn unresolved(name: &str) -> Self {
        Self { unresolved: BTreeSet::from([name.to_owned()]), ..Self::default() }
    }

    /// Made of the columns of `other` as well.
    fn add(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.unresolved.extend(other.unresolved);
    }

    /// As `add`, of a branch of a union; `None` could not be followed.
    fn with(mut self, branch: Option<Self>) -> Self {
        self.add(branch.unwrap_or_else(|| Self::unresolved("a part of a union")));
        self
    }
}

impl<'t> Scope<'t> {
    fn of(select: &'t Json, ctes: Ctes<'t>) -> Self {
        Self { from: relations(&select["from_table"], &ctes), ctes, parameters: Vec::new() }
    }
}

/// The named queries of `outer`, and then those of `query`.
fn with_own<'t>(outer: &Ctes<'t>, query: &'t Json) -> Ctes<'t> {
    outer.iter().cloned().chain(tree::ctes(query)).collect()
}

fn tables_of(relation: &Relation<'_>) -> Vec<String> {
    match relation {
        Relation::Table(table) => vec![table.clone()],
        Relation::Query(node, ctes, _) => {
            let ctes = with_own(ctes, node);
            let branches = list(&node["children"]).iter().chain([*node, &node["left"], &node["right"]]);
            let from = branches.flat_map(|branch| relations(&branch["from_table"], &ctes));
            // A query that reads itself names no table.
            from.flat_map(|(_, found)| tables_of(&found)).filter(|name| !name.starts_with('.')).collect()
        }
        Relation::Function(..) => Vec::new(),
    }
}

/// What a FROM names, by alias.
fn relations<'t>(from: &'t Json, ctes: &Ctes<'t>) -> Vec<(String, Relation<'t>)> {
    let alias = tree::table_name(from);
    let names: Vec<String> = texts(&from["column_name_alias"]).collect();
    match from["type"].as_str() {
        Some("BASE_TABLE") => {
            let (schema, name) = (lower(&from["schema_name"]), lower(&from["table_name"]));
            let cte = ctes.iter().rposition(|(cte, _)| schema.is_empty() && *cte == name);
            let relation = match cte {
                Some(at) => Relation::Query(ctes[at].1, ctes[..at].to_vec(), names),
                None => Relation::Table(format!("{schema}.{name}")),
            };
            vec![(alias, relation)]
        }
        // `source` gives the rows of a source as of a date.
        Some("TABLE_FUNCTION") => {
            let (function, name) = (&from["function"], lower(&from["function"]["function_name"]));
            let source = name.strip_suffix("_as_of").filter(|_| function["schema"] == "sources");
            let relation = match source {
                Some(source) => Relation::Table(format!("sources.{source}")),
                None => Relation::Function(function, names),
            };
            vec![(if alias.is_empty() { name } else { alias }, relation)]
        }
        Some("SUBQUERY") => {
            vec![(alias, Relation::Query(&from["subquery"]["node"], ctes.clone(), names))]
        }
        Some("JOIN") => {
            let is_seen = !["SEMI", "ANTI"].iter().any(|join| from["join_type"] == *join);
            let right = is_seen.then(|| relations(&from["right"], ctes));
            relations(&from["left"], ctes).into_iter().chain(right.into_iter().flatten()).collect()
        }
        _ => Vec::new(),
    }
}
