//! DuckDB's syntax tree of a query, as JSON.

use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use duckdb::Connection;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::error::SqlError;
use super::select::other_statement;

/// The syntax tree of the SELECTs that `sql` is.
pub fn parse(sql: &str) -> Result<Json, SqlError> {
    let tree = parse_json(sql)?;
    if tree["error"] != Json::Bool(true) {
        return Ok(tree);
    }
    let error = SqlError::of_tree(&tree);
    if error.message.starts_with("Only SELECT") {
        return Err(SqlError::statement("only a SELECT is run here", other_statement(sql)));
    }
    Err(error)
}

/// The one query that `sql` is.
pub fn query(sql: &str) -> Result<Json, SqlError> {
    Ok(parse(sql)?["statements"][0]["node"].take())
}

/// What DuckDB's parser says of `sql`. It is asked by a connection of its own, which no failed transaction blocks.
pub(super) fn parse_json(sql: &str) -> Result<Json, SqlError> {
    if let Some(at) = sql.find('\0') {
        return Err(SqlError::statement("there is a NUL byte here", Some(at)));
    }
    if let Some((at, c)) = super::tokens::invisible(sql) {
        let what = format!("there is an invisible character here, U+{:04X}: take it out", u32::from(c));
        return Err(SqlError::statement(&what, Some(at)));
    }
    let json: String = ask("select json_serialize_sql(?)::varchar", sql)?;
    let mut reader = serde_json::Deserializer::from_str(&json);
    reader.disable_recursion_limit();
    deep(|| Json::deserialize(&mut reader))
        .map_err(|error| SqlError::statement(&format!("the syntax tree cannot be read: {error}"), None))
}

/// Runs what calls itself for each level of a tree: an expression of DuckDB may be a thousand levels deep, each of
/// them three levels of JSON.
pub fn deep<T>(work: impl FnOnce() -> T) -> T {
    stacker::grow(64 << 20, work)
}

/// Whether DuckDB itself has a function of this name that stands in FROM.
pub fn is_table_function(name: &str) -> bool {
    const KNOWN: &str = "select count(*)::varchar from duckdb_functions()
        where function_name = ? and function_type in ('table', 'table_macro')";
    ask(KNOWN, name).is_ok_and(|count| count != "0")
}

fn ask(question: &str, text: &str) -> Result<String, SqlError> {
    static PARSER: OnceLock<Mutex<Connection>> = OnceLock::new();
    let parser = if let Some(parser) = PARSER.get() {
        parser
    } else {
        let parser = Mutex::new(Connection::open_in_memory()?);
        PARSER.get_or_init(|| parser)
    };
    let parser = parser.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(parser.prepare_cached(question)?.query_row([text], |row| row.get(0))?)
}

/// Where a node stands, or the first one below it that says so.
pub fn position(node: &Json) -> Option<usize> {
    own_position(node).or_else(|| children(node).filter_map(position).min())
}

/// Where the text of a node begins: an operator's own place is between its operands.
pub fn leftmost(node: &Json) -> Option<usize> {
    nodes(node).filter_map(own_position).min()
}

pub fn own_position(node: &Json) -> Option<usize> {
    usize::try_from(node["query_location"].as_u64().filter(|at| *at != u64::MAX)?).ok()
}

/// From where to where the text of a node stands.
pub fn extent(node: &Json) -> Option<Range<usize>> {
    let length = |node: &Json| usize::try_from(node["query_location_length"].as_u64()?).ok();
    let own = |node| own_position(node).map(|at| at..at + length(node).unwrap_or(0));
    nodes(node).filter_map(own).reduce(|left, right| left.start.min(right.start)..left.end.max(right.end))
}

/// The SQL of a query's tree.
pub fn unparse(node: &Json) -> Option<String> {
    let statement = json!({ "error": false, "statements": [{ "node": node, "named_param_map": [] }] });
    ask("select json_deserialize_sql(?::json)", &statement.to_string()).ok()
}

/// The first table below `node` that is named together with its database.
pub fn with_database(node: &Json) -> Option<&Json> {
    nodes(node).find(|node| {
        let of = match node["type"].as_str() {
            Some("BASE_TABLE") => &node["catalog_name"],
            Some("TABLE_FUNCTION") => &node["function"]["catalog"],
            _ => &Json::Null,
        };
        !lower(of).is_empty()
    })
}

/// The items of a list; none where there is no list.
pub fn list(node: &Json) -> &[Json] {
    node.as_array().map_or(&[], Vec::as_slice)
}

/// The named queries of one, with their names.
pub fn ctes(query: &Json) -> impl DoubleEndedIterator<Item = (String, &Json)> {
    list(&query["cte_map"]["map"]).iter().map(|cte| (lower(&cte["key"]), &cte["value"]["query_node"]))
}

/// The query that `query` calls `name`.
pub fn cte<'a>(query: &'a Json, name: &str) -> Option<&'a Json> {
    ctes(query).find(|(cte, _)| cte == name).map(|(_, inner)| inner)
}

/// The tables and subqueries that a FROM joins.
pub fn joined(from: &Json) -> Vec<&Json> {
    match from["type"].as_str() {
        Some("JOIN") => [&from["left"], &from["right"]].into_iter().flat_map(joined).collect(),
        _ => vec![from],
    }
}

/// The name that a table of a FROM has in its SELECT.
pub fn table_name(table: &Json) -> String {
    let alias = lower(&table["alias"]);
    if alias.is_empty() { lower(&table["table_name"]) } else { alias }
}

/// The name of the column that an item of a SELECT gives; empty for a star, and for what has none.
pub fn name_of(item: &Json) -> String {
    match lower(&item["alias"]) {
        alias if !alias.is_empty() => alias,
        _ => texts(&item["column_names"]).last().unwrap_or_default(),
    }
}

pub fn children(node: &Json) -> Box<dyn Iterator<Item = &Json> + '_> {
    match node {
        Json::Object(map) => Box::new(map.values()),
        Json::Array(list) => Box::new(list.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

/// `node` and all that is below it, from the outside in.
pub fn nodes(node: &Json) -> impl Iterator<Item = &Json> {
    let mut open = vec![node];
    std::iter::from_fn(move || {
        let node = open.pop()?;
        let behind = open.len();
        open.extend(children(node));
        open[behind..].reverse();
        Some(node)
    })
}

/// The columns that are named below `node`.
pub fn column_refs(node: &Json) -> impl Iterator<Item = &Json> {
    nodes(node).filter(|node| node["class"] == "COLUMN_REF")
}

/// All parts of the names of columns below `node`: `recency_days` may be written `q.recency_days`.
pub fn column_names(node: &Json) -> Vec<String> {
    column_refs(node).flat_map(|column| texts(&column["column_names"])).collect()
}

/// A name as DuckDB compares it.
pub fn lower(name: &Json) -> String {
    name.as_str().unwrap_or_default().to_lowercase()
}

pub fn texts(names: &Json) -> impl DoubleEndedIterator<Item = String> + '_ {
    list(names).iter().map(lower)
}

/// Every name that something below `node` is given: aliases, names of columns, what an `unpivot` makes.
pub fn given_names(node: &Json) -> Vec<String> {
    let all = nodes(node).filter_map(Json::as_object).flatten();
    let names = all.flat_map(|(key, value)| match key.as_str() {
        "alias" => vec![lower(value)],
        "aliases" | "column_name_alias" | "unpivot_names" => texts(value).collect(),
        _ => Vec::new(),
    });
    names.collect()
}

/// The tables below `node`, by their names without a schema.
pub fn table_names(node: &Json) -> Vec<String> {
    let tables = nodes(node).filter(|node| node["type"] == "BASE_TABLE");
    tables.map(|table| lower(&table["table_name"])).collect()
}
