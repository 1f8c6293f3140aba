//! DuckDB's syntax tree of a query, as JSON.

use anyhow::{Context, Result};
use serde_json::Value as Json;

use crate::warehouse::{Warehouse, text};

/// Why there is no tree.
pub struct NoTree {
    pub message: String,
    /// The parser stumbled; else it is no query.
    pub is_syntax: bool,
}

/// The syntax tree of a query, or why there is none.
pub fn tree(warehouse: &Warehouse, sql: &str) -> Result<Result<Json, NoTree>> {
    let sql = format!("select json_serialize_sql({})::varchar", text(sql));
    let json = warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.context("no syntax tree")?;
    let tree: Json = serde_json::from_str(&json)?;
    if tree["error"] == Json::Bool(true) {
        let message = tree["error_message"].as_str().unwrap_or_default();
        let message = message.lines().next().unwrap_or_default().to_owned();
        return Ok(Err(NoTree { message, is_syntax: tree["error_type"] == "parser" }));
    }
    Ok(Ok(tree))
}

/// Where a node stands, or the first one below it that says so.
pub fn position(node: &Json) -> Option<usize> {
    own_position(node).or_else(|| children(node).filter_map(position).min())
}

/// Where the text of a node begins: an operator's own place is between its operands.
pub fn leftmost(node: &Json) -> Option<usize> {
    own_position(node).into_iter().chain(children(node).filter_map(leftmost)).min()
}

fn own_position(node: &Json) -> Option<usize> {
    let own = node.get("query_location").and_then(Json::as_u64).filter(|at| *at != u64::MAX);
    own.and_then(|at| usize::try_from(at).ok())
}

pub fn children(node: &Json) -> Box<dyn Iterator<Item = &Json> + '_> {
    match node {
        Json::Object(map) => Box::new(map.values()),
        Json::Array(list) => Box::new(list.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

/// A name as DuckDB compares it.
pub fn lower(name: &Json) -> String {
    name.as_str().unwrap_or_default().to_lowercase()
}

pub fn texts(list: &Json) -> impl Iterator<Item = String> + '_ {
    list.as_array().into_iter().flatten().map(lower)
}

/// Every name that something below `node` is given: aliases, names of columns, what an `unpivot` makes.
pub fn given_names(node: &Json, found: &mut Vec<String>) {
    if let Json::Object(map) = node {
        for (key, value) in map {
            match key.as_str() {
                "alias" => found.push(lower(value)),
                "aliases" | "column_name_alias" | "unpivot_names" => found.extend(texts(value)),
                _ => {}
            }
        }
    }
    children(node).for_each(|child| given_names(child, found));
}

/// The tables below `node`, by their names without a schema.
pub fn table_names(node: &Json, found: &mut Vec<String>) {
    if node["type"] == "BASE_TABLE" {
        found.push(lower(&node["table_name"]));
    }
    children(node).for_each(|child| table_names(child, found));
}
