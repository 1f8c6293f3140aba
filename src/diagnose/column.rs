//! Where in the template a column of a query comes from.

use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::problem::Place;
use crate::sql::tree::{self, leftmost, lower, texts};
use crate::template::Rendered;

/// The place in the template of what gives `column`, looked for from the last SELECT through its CTEs; of its FROM for
/// no column.
pub fn column_place(catalog: &Catalog, rendered: &Rendered, column: &str) -> Place {
    let found = tree::deep(|| {
        let tree = tree::parse(&rendered.sql).ok()?;
        let node = tree.pointer("/statements/0/node")?;
        expression(node, column, node, 0)
    });
    match found.and_then(|at| rendered.map.origin(at)) {
        Some((file, at)) => Place::at_offset(file, catalog.templates.source(file), at),
        None => catalog.templates.place(&rendered.file, column),
    }
}

/// Where the expression of a column begins; `*` is followed into the CTE that it takes from.
fn expression(select: &Json, column: &str, top: &Json, depth: usize) -> Option<usize> {
    let list = select.get("select_list")?.as_array()?;
    let is_all = matches!(&list[..], [one] if one["type"] == "STAR");
    if column.is_empty() && !is_all {
        return leftmost(&select["from_table"]);
    }
    let named = list.iter().find(|item| {
        let alias = lower(&item["alias"]);
        let own = texts(&item["column_names"]).last();
        !column.is_empty() && alias == column.to_lowercase()
            || alias.is_empty() && own.as_deref() == Some(&column.to_lowercase())
    });
    let mut tables = Vec::new();
    joined_tables(&select["from_table"], &mut tables);
    // `final.x` is nothing but a name for what stands further up; of several tables, this is where one was chosen.
    let is_name = tables.len() < 2 && named.is_some_and(|item| item["type"] == "COLUMN_REF");
    if let Some(item) = named.filter(|_| !is_name) {
        return leftmost(item);
    }
    let inner = named.and_then(|item| texts(&item["column_names"]).last());
    let column = inner.as_deref().unwrap_or(column);
    let ctes = top.pointer("/cte_map/map").and_then(Json::as_array);
    let deeper = tables.iter().filter(|_| depth < 20).find_map(|(table, alias)| {
        let cte = ctes?.iter().find(|cte| lower(&cte["key"]) == *table)?;
        let found = expression(&cte["value"]["query_node"], column, top, depth + 1)?;
        // `later.*` was chosen as well.
        let star = list.iter().find(|item| lower(&item["relation_name"]) == *alias && tables.len() > 1);
        Some(star.and_then(leftmost).unwrap_or(found))
    });
    deeper.or_else(|| named.and_then(leftmost))
}

/// Tables of a FROM, each with the name that it has there.
fn joined_tables(node: &Json, found: &mut Vec<(String, String)>) {
    match node {
        Json::Object(map) if map.get("type").is_some_and(|kind| kind == "BASE_TABLE") => {
            let (name, alias) = (lower(&map["table_name"]), lower(&map["alias"]));
            found.push((name.clone(), if alias.is_empty() { name } else { alias }));
        }
        Json::Object(map) => {
            for key in ["left", "right", "subquery", "node"] {
                if let Some(child) = map.get(key) {
                    joined_tables(child, found);
                }
            }
        }
        _ => {}
    }
}
