//! The parts of a query's tree by their pointers in it, and what takes their place when it is tried without them.

use serde_json::Value as Json;

use crate::sql::tree::{self, list};

/// What a part of a SELECT is, which says by what it can be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
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
pub struct Part {
    pub at: String,
    pub role: Role,
}

/// The parts of a SELECT, which is at `path`, in their order.
pub fn parts(node: &Json, path: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |found: Vec<String>, role| {
        parts.extend(found.into_iter().map(|at| Part { at: format!("{path}{at}"), role }));
    };
    add(each(node, "/select_list"), Role::Item);
    for condition in join_conditions(&node["from_table"], "/from_table") {
        add(terms(node, &condition), Role::Condition);
    }
    add(terms(node, "/where_clause"), Role::Condition);
    add(terms(node, "/having"), Role::Condition);
    add(each(node, "/group_expressions"), Role::Key);
    add(terms(node, "/qualify"), Role::Window);
    for modifier in each(node, "/modifiers") {
        add(each(node, &format!("{modifier}/distinct_on_targets")), Role::Key);
        let orders = each(node, &format!("{modifier}/orders"));
        add(orders.into_iter().map(|at| format!("{at}/expression")).collect(), Role::Key);
    }
    parts
}

/// Pointers of the items of a list.
fn each(node: &Json, at: &str) -> Vec<String> {
    let count = node.pointer(at).map_or(0, |items| list(items).len());
    (0..count).map(|item| format!("{at}/{item}")).collect()
}

fn join_conditions(from: &Json, at: &str) -> Vec<String> {
    if from["type"] != "JOIN" {
        return Vec::new();
    }
    let sides = ["left", "right"].map(|side| join_conditions(&from[side], &format!("{at}/{side}")));
    sides.concat().into_iter().chain([format!("{at}/condition")]).collect()
}

/// Pointers of the terms of a condition.
fn terms(node: &Json, at: &str) -> Vec<String> {
    match node.pointer(at) {
        None | Some(Json::Null) => Vec::new(),
        Some(condition) if condition["type"] == "CONJUNCTION_AND" => {
            each(node, &format!("{at}/children")).iter().flat_map(|child| terms(node, child)).collect()
        }
        Some(_) => vec![at.to_owned()],
    }
}

/// Pointers of the outermost queries below `node`, which is at `at`.
pub fn queries(node: &Json, at: &str) -> Vec<String> {
    below(node, at, &|child| is_query(child).then_some(true))
}

fn is_query(node: &Json) -> bool {
    node["type"].as_str().is_some_and(|kind| kind.ends_with("_NODE"))
}

/// Pointers of the outermost expressions below the one at `at` that could fail; not those of a query in it.
pub fn expressions(node: &Json, at: &str) -> Vec<String> {
    below(node, at, &|child| match class(child) {
        "" if is_query(child) => Some(false),
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

/// A query with `ctes` before its own.
pub fn with(ctes: &[Json], node: &Json) -> Json {
    let mut node = node.clone();
    let all = ctes.iter().chain(list(&node["cte_map"]["map"])).cloned().collect();
    node["cte_map"]["map"] = Json::Array(all);
    node
}

/// Everything of one CTE.
pub fn all_of(ctes: &[Json], name: &Json) -> Json {
    let mut node = tree::query("select * from x").unwrap_or_default();
    node["from_table"]["table_name"] = name.clone();
    if let Some(path) = node.pointer_mut("/from_table/qualified_name/path/0") {
        *path = name.clone();
    }
    with(ctes, &node)
}

pub fn class(node: &Json) -> &str {
    node["class"].as_str().unwrap_or_default()
}

impl Part {
    /// Puts another expression in its place, under the same name.
    pub fn replace(&self, tree: &mut Json, mut expression: Json) {
        if let Some(node) = tree.pointer_mut(&self.at) {
            expression["alias"] = node["alias"].take();
            *node = expression;
        }
    }
}

impl Role {
    /// What takes the place of a part and cannot fail.
    pub fn neutral(self) -> Json {
        item(match self {
            Self::Item => "select null",
            Self::Key => "select 1",
            Self::Condition => "select true",
            Self::Window => "select row_number() over () > 0",
        })
    }

    /// A part that computes `expression` and nothing else. `is null` would not do: DuckDB often knows without looking.
    pub fn alone(self, expression: &Json) -> Json {
        let (sql, at) = match self {
            Self::Item | Self::Key => ("select hash(x)", "/arguments/0/expression"),
            Self::Condition => ("select hash(x) <> 0", "/left/arguments/0/expression"),
            Self::Window => (
                "select hash(x) <> 0 and row_number() over () > 0",
                "/children/0/left/arguments/0/expression",
            ),
        };
        let mut part = item(sql);
        if let Some(hole) = part.pointer_mut(at) {
            hole.clone_from(expression);
            hole["alias"] = Json::String(String::new());
        }
        part
    }
}

/// The item of `sql`, which is the tool's own.
fn item(sql: &str) -> Json {
    tree::query(sql).unwrap_or_default()["select_list"][0].take()
}
