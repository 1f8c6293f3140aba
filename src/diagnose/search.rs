//! Where an error is of which DuckDB does not say where: the query is tried without parts of it.
//!
//! The parts are those of DuckDB's own syntax tree. CTEs, subqueries and the branches of a UNION are run alone. Of the
//! SELECT that fails, items, conditions and keys are replaced by what cannot fail, until the guilty one is left.

use std::ops::Range;
use std::time::Instant;

use serde_json::Value as Json;

use super::place::{literal, sign};
use crate::sql::tree::{self, extent, leftmost};
use crate::sql::{Select, SqlError, tokens};
use crate::warehouse::Warehouse;

/// What became of a query that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// It gives the error that is looked for.
    Fails,
    Works,
    /// It does not bind without what was taken out, or took too long.
    Unclear,
}

/// What a part of a SELECT is, which says by what it can be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Item,
    /// A term of a WHERE, of a HAVING, or of the ON of a join.
    Condition,
    /// A term of a QUALIFY, which is not without a window function.
    Window,
    /// What is grouped or ordered by.
    Key,
}

/// A part, by its pointer in the tree.
#[derive(Debug, Clone)]
struct Part {
    at: String,
    role: Role,
}

pub struct Search<'a> {
    pub warehouse: &'a Warehouse,
    pub error: &'a SqlError,
    pub sql: &'a str,
    pub until: Instant,
    /// Whether the error comes before any row is made.
    pub fails_early: bool,
}

impl Search<'_> {
    /// The byte of the SQL, which is a SELECT, at which the error is.
    pub fn place(&self) -> Option<usize> {
        tree::deep(|| {
            let Ok(tree) = tree::parse(self.sql) else { return sign(self.error, self.sql) };
            let node = tree.pointer("/statements/0/node")?;
            // What works alone failed for what was put around it.
            (self.tries(node) == Tried::Fails).then(|| self.within(node, 0)).flatten()
        })
    }

    /// Every value of every row of a query, in one small result.
    fn tries(&self, node: &Json) -> Tried {
        let left = self.until.saturating_duration_since(Instant::now());
        let Some(sql) = tree::unparse(node).filter(|_| !left.is_zero()) else { return Tried::Unclear };
        let result = Select::of(&sql).and_then(|select| {
            let all = select.within("select bit_xor(hash(q)) from (\n", "\n) as q");
            self.warehouse.within(left, || {
                if self.fails_early {
                    self.warehouse.describe(&all).map(|_| ())
                } else {
                    self.warehouse.rows(all.as_str(), &[], |_| Ok(())).map(|_| ())
                }
            })
        });
        match result {
            Ok(()) => Tried::Works,
            Err(error) if error.is_like(self.error) => Tried::Fails,
            Err(_) => Tried::Unclear,
        }
    }

    /// The place in a query that fails; its first CTEs are `known` to work.
    fn within(&self, node: &Json, known: usize) -> Option<usize> {
        let ctes = node.pointer("/cte_map/map").and_then(Json::as_array).cloned().unwrap_or_default();
        for (at, cte) in ctes.iter().enumerate().skip(known) {
            let inner = &cte["value"]["query_node"];
            // The second half of a recursive one reads the first: it is tried in its place.
            let is_recursive = inner["type"] == "RECURSIVE_CTE_NODE";
            let alone = with(&ctes[..at], if is_recursive { &inner["left"] } else { inner });
            if self.tries(&alone) == Tried::Fails {
                return self.within(&alone, at);
            }
            let whole = all_of(&ctes[..=at], &cte["key"]);
            if is_recursive && self.tries(&whole) == Tried::Fails {
                return self.in_queries(&whole, &format!("/cte_map/map/{at}/value/query_node/right"));
            }
        }
        if let Some(branches) = node["children"].as_array().filter(|_| node["type"] == "SET_OPERATION_NODE") {
            return self.of_branches(&ctes, branches);
        }
        // Those in FROM; others may depend on the rows around them.
        for inner in queries(&node["from_table"], "") {
            let alone = with(&ctes, node["from_table"].pointer(&inner)?);
            if self.tries(&alone) == Tried::Fails {
                return self.within(&alone, ctes.len());
            }
        }
        self.in_select(node, "").or_else(|| self.behind_items(node))
    }

    fn of_branches(&self, ctes: &[Json], branches: &[Json]) -> Option<usize> {
        let alone = |branch: &Json| with(ctes, branch);
        if let Some(branch) = branches.iter().find(|branch| self.tries(&alone(branch)) == Tried::Fails) {
            return self.within(&alone(branch), ctes.len());
        }
        // Each works alone: one of them has another number of columns than the first.
        let width = |branch: &Json| {
            let columns = tree::unparse(&alone(branch)).map(|sql| super::describe(self.warehouse, &sql));
            columns.and_then(Result::ok).map_or(0, |all| all.len())
        };
        let first = width(branches.first()?);
        let odd = branches.iter().find(|branch| width(branch) != first).unwrap_or(&branches[0]);
        // A SELECT has no place of its own; its first item has.
        let item = leftmost(odd)?;
        let (tokens, _) = tokens(self.sql);
        let is_select = |range: &Range<usize>| self.sql[range.clone()].eq_ignore_ascii_case("select");
        let mut before = tokens.into_iter().map(|token| token.range).filter(|range| range.start <= item);
        Some(before.rfind(is_select).map_or(item, |range| range.start))
    }

    /// The place in the SELECT at `path` of `root`, or in what stands there instead, which is tried in its place.
    fn in_queries(&self, root: &Json, path: &str) -> Option<usize> {
        let node = root.pointer(path)?;
        if node["type"] == "SELECT_NODE" {
            return self.in_select(root, path);
        }
        queries(node, path).iter().find_map(|inner| self.in_queries(root, inner))
    }

    fn in_select(&self, root: &Json, path: &str) -> Option<usize> {
        let node = root.pointer(path)?;
        let all = parts(node, path);
        let of =
            |roles: &[Role]| -> Vec<&Part> { all.iter().filter(|part| roles.contains(&part.role)).collect() };
        let items = of(&[Role::Item]);
        let conditions = of(&[Role::Condition, Role::Window]);
        let guilty = match self.without(root, &items) {
            Tried::Works => self.one_of(root, &items),
            // Where the error is not in the items, fewer of them are less to compute.
            Tried::Fails => self
                .last_needed(root, &conditions, &items)
                .or_else(|| self.last_needed(root, &of(&[Role::Key]), &items)),
            Tried::Unclear => self.last_needed(root, &conditions, &[]).or_else(|| self.alone(root, &items)),
        };
        let is_plain = |part: &&Part| {
            root.pointer(&part.at)
                .is_none_or(|node| ["COLUMN_REF", "STAR", "CONSTANT"].contains(&class(node)))
        };
        // Without any column DuckDB leaves out more than the items.
        let behind = || guilty.filter(is_plain).and_then(|_| self.last_needed(root, &conditions, &[]));
        if let Some(part) = guilty.filter(|part| !is_plain(part)).or_else(behind) {
            return self.in_expression(root, part, &part.at);
        }
        // A plain name fails for what stands in a subquery of FROM.
        let inner = queries(&node["from_table"], &format!("{path}/from_table"));
        inner
            .iter()
            .find_map(|inner| self.in_queries(root, inner))
            .or_else(|| guilty.and_then(|part| self.in_expression(root, part, &part.at)))
    }

    /// What becomes of the query with `parts` replaced by what cannot fail.
    fn without(&self, root: &Json, parts: &[&Part]) -> Tried {
        let mut tree = root.clone();
        for part in parts {
            part.replace(&mut tree, part.role.neutral());
        }
        self.tries(&tree)
    }

    /// The first of `items`, of which one or more fail.
    fn one_of<'p>(&self, root: &Json, items: &[&'p Part]) -> Option<&'p Part> {
        let mut some = items;
        while some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            some = if self.without(root, second) == Tried::Fails { first } else { second };
        }
        some.first().copied()
    }

    /// The first of `items` that fails without the others.
    fn alone<'p>(&self, root: &Json, items: &[&'p Part]) -> Option<&'p Part> {
        let others =
            |one: &Part| items.iter().copied().filter(|other| other.at != one.at).collect::<Vec<_>>();
        items.iter().copied().find(|one| self.without(root, &others(one)) == Tried::Fails)
    }

    /// The first of `parts` that cannot be taken out without the error. The last ones are tried first and stay out: a
    /// condition often makes the ones behind it safe.
    fn last_needed<'p>(&self, root: &Json, parts: &[&'p Part], out: &[&'p Part]) -> Option<&'p Part> {
        let mut out = out.to_vec();
        let mut needed = None;
        for part in parts.iter().rev() {
            out.push(part);
            match self.without(root, &out) {
                Tried::Fails => continue,
                Tried::Works => needed = Some(*part),
                Tried::Unclear => {}
            }
            out.pop();
        }
        needed
    }

    /// The innermost expression at or below `at`, inside `part`, that fails in its place; there, what the message names.
    fn in_expression(&self, root: &Json, part: &Part, at: &str) -> Option<usize> {
        let node = root.pointer(at)?;
        if let Some(place) = queries(node, at).iter().find_map(|inner| self.in_queries(root, inner)) {
            return Some(place);
        }
        let deepest = self.deepest(root, part, at);
        let range = extent(root.pointer(deepest.as_deref().unwrap_or(at))?)?;
        Some(range.start + sign(self.error, &self.sql[range.clone()]).unwrap_or(0))
    }

    /// The innermost expression inside the one at `at` that fails by itself. Some cannot stand alone, such as one over the
    /// parameter of a lambda; those inside may.
    fn deepest(&self, root: &Json, part: &Part, at: &str) -> Option<String> {
        expressions(root.pointer(at)?, at).into_iter().find_map(|inner| {
            let mut tree = root.clone();
            let alone = part.role.alone(root.pointer(&inner)?);
            part.replace(&mut tree, alone);
            match self.tries(&tree) {
                Tried::Fails => Some(self.deepest(root, part, &inner).unwrap_or(inner)),
                Tried::Works => None,
                Tried::Unclear => self.deepest(root, part, &inner),
            }
        })
    }

    /// Of a SELECT of which no part can be replaced: what stands behind FROM.
    fn behind_items(&self, node: &Json) -> Option<usize> {
        let start = leftmost(&node["from_table"])?;
        let behind = &self.sql[start..extent(node)?.end.max(start)];
        let at = sign(self.error, behind).or_else(|| literal(self.error, behind));
        Some(start + at.unwrap_or(0))
    }
}

/// A query with `ctes` before its own.
fn with(ctes: &[Json], node: &Json) -> Json {
    let mut node = node.clone();
    let own = node["cte_map"]["map"].as_array().cloned().unwrap_or_default();
    node["cte_map"]["map"] = Json::Array(ctes.iter().cloned().chain(own).collect());
    node
}

/// Everything of one CTE.
fn all_of(ctes: &[Json], name: &Json) -> Json {
    let mut node = pattern("select * from x", "");
    node["from_table"]["table_name"] = name.clone();
    if let Some(path) = node.pointer_mut("/from_table/qualified_name/path/0") {
        *path = name.clone();
    }
    with(ctes, &node)
}

fn class(node: &Json) -> &str {
    node["class"].as_str().unwrap_or_default()
}

/// Pointers of the outermost queries below `node`, which is at `at`.
fn queries(node: &Json, at: &str) -> Vec<String> {
    let is_query = |node: &Json| node["type"].as_str().is_some_and(|kind| kind.ends_with("_NODE"));
    below(node, at, &|child| is_query(child).then_some(true))
}

/// Pointers of the outermost expressions below the one at `at` that could fail; not those of a query in it.
fn expressions(node: &Json, at: &str) -> Vec<String> {
    below(node, at, &|child| match class(child) {
        "" if child["type"].as_str().is_some_and(|kind| kind.ends_with("_NODE")) => Some(false),
        "COLUMN_REF" | "CONSTANT" | "STAR" | "TYPE" => Some(false),
        "" => None,
        _ => Some(true),
    })
}

/// Pointers of what `choose` takes below `node`; where it says nothing, it is asked of what is further below.
fn below(node: &Json, at: &str, choose: &dyn Fn(&Json) -> Option<bool>) -> Vec<String> {
    let children: Vec<(String, &Json)> = match node {
        Json::Object(map) => map.iter().map(|(key, child)| (format!("{at}/{key}"), child)).collect(),
        Json::Array(list) => {
            list.iter().enumerate().map(|(key, child)| (format!("{at}/{key}"), child)).collect()
        }
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (at, child) in children {
        match choose(child) {
            Some(true) => found.push(at),
            Some(false) => {}
            None => found.extend(below(child, &at, choose)),
        }
    }
    found
}

/// The parts of a SELECT, which is at `path`, in their order.
fn parts(node: &Json, path: &str) -> Vec<Part> {
    let mut found = Vec::new();
    let each = |list: &str| {
        let count = node.pointer(list).and_then(Json::as_array).map_or(0, Vec::len);
        (0..count).map(|at| format!("{list}/{at}")).collect::<Vec<_>>()
    };
    let mut add = |places: Vec<String>, role: Role| {
        found.extend(places.into_iter().map(|at| Part { at: format!("{path}{at}"), role }));
    };
    add(each("/select_list"), Role::Item);
    let mut conditions = Vec::new();
    join_conditions(&node["from_table"], "/from_table", &mut conditions);
    conditions.extend(["/where_clause", "/having"].map(str::to_owned));
    add(conditions.iter().flat_map(|condition| terms(node, condition)).collect(), Role::Condition);
    add(each("/group_expressions"), Role::Key);
    add(terms(node, "/qualify"), Role::Window);
    for modifier in each("/modifiers") {
        add(each(&format!("{modifier}/distinct_on_targets")), Role::Key);
        let orders = each(&format!("{modifier}/orders"));
        add(orders.into_iter().map(|at| format!("{at}/expression")).collect(), Role::Key);
    }
    found
}

fn join_conditions(from: &Json, at: &str, found: &mut Vec<String>) {
    if from["type"] == "JOIN" {
        join_conditions(&from["left"], &format!("{at}/left"), found);
        join_conditions(&from["right"], &format!("{at}/right"), found);
        found.push(format!("{at}/condition"));
    }
}

/// Pointers of the terms of a condition.
fn terms(node: &Json, at: &str) -> Vec<String> {
    match node.pointer(at) {
        None | Some(Json::Null) => Vec::new(),
        Some(condition) if condition["type"] == "CONJUNCTION_AND" => {
            let count = condition["children"].as_array().map_or(0, Vec::len);
            (0..count).flat_map(|child| terms(node, &format!("{at}/children/{child}"))).collect()
        }
        Some(_) => vec![at.to_owned()],
    }
}

impl Part {
    /// Puts another expression in its place, under the same name.
    fn replace(&self, tree: &mut Json, mut expression: Json) {
        if let Some(node) = tree.pointer_mut(&self.at) {
            expression["alias"] = node["alias"].take();
            *node = expression;
        }
    }
}

impl Role {
    /// What takes the place of a part and cannot fail.
    fn neutral(self) -> Json {
        let sql = match self {
            Self::Item => "select null",
            Self::Key => "select 1",
            Self::Condition => "select true",
            Self::Window => "select row_number() over () > 0",
        };
        pattern(sql, "/select_list/0")
    }

    /// A part that computes `expression` and nothing else. `is null` would not do: DuckDB often knows without looking.
    fn alone(self, expression: &Json) -> Json {
        let (sql, at) = match self {
            Self::Item | Self::Key => ("select hash(x)", "/arguments/0/expression"),
            Self::Condition => ("select hash(x) <> 0", "/left/arguments/0/expression"),
            Self::Window => (
                "select hash(x) <> 0 and row_number() over () > 0",
                "/children/0/left/arguments/0/expression",
            ),
        };
        let mut part = pattern(sql, "/select_list/0");
        if let Some(hole) = part.pointer_mut(at) {
            hole.clone_from(expression);
            hole["alias"] = Json::String(String::new());
        }
        part
    }
}

/// What stands at `at` in the tree of `sql`, which is the tool's own.
fn pattern(sql: &str, at: &str) -> Json {
    let tree = tree::parse(sql).unwrap_or_default();
    tree.pointer(&format!("/statements/0/node{at}")).cloned().unwrap_or_default()
}
