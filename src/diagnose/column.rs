//! Which item of a SELECT gives a column.

use std::ops::Range;

use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::problem::Place;
use crate::sql::tokens;
use crate::sql::tree::{self, extent, leftmost, lower, texts};
use crate::template::Rendered;

/// The place in the template of what gives `column`, looked for from the last SELECT through its CTEs; of its FROM for
/// no column.
pub fn column_place(catalog: &Catalog, rendered: &Rendered, column: &str) -> Place {
    let found = tree::deep(|| {
        let tree = tree::parse(&rendered.sql).ok()?;
        let node = tree.pointer("/statements/0/node")?;
        expression(node, &column.to_lowercase(), node, 0)
    });
    match found.and_then(|at| rendered.map.origin(at)) {
        Some((file, at)) => Place::at_offset(file, catalog.templates.source(file), at),
        None => catalog.templates.place(&rendered.file, column),
    }
}

/// The items of a SELECT that give, or may give, one column.
#[derive(Debug, Default)]
pub struct Items {
    /// Those that name it, at the byte of the name.
    pub named: Vec<usize>,
    /// `*`, which gives columns without their names.
    pub stars: Vec<usize>,
}

/// Where the columns `name` of `sql` come from. `select * from final` is looked for in the CTE `final`.
pub fn items(sql: &str, name: &str) -> Items {
    let found = tree::deep(|| {
        let tree = tree::parse(sql).ok()?;
        let node = tree.pointer("/statements/0/node")?;
        let words: Vec<Range<usize>> = tokens(sql).0.into_iter().map(|token| token.range).collect();
        let is_name =
            |range: &&Range<usize>| sql[(*range).clone()].trim_matches('"').eq_ignore_ascii_case(name);
        Some(items_of(node, node, &name.to_lowercase(), &|within: Range<usize>| {
            let inside = words.iter().filter(|range| within.contains(&range.start));
            inside.filter(is_name).next_back().map_or(within.start, |range| range.start)
        }))
    });
    found.unwrap_or_default()
}

fn items_of(node: &Json, top: &Json, name: &str, place: &dyn Fn(Range<usize>) -> usize) -> Items {
    let select = node.pointer("/children/0").unwrap_or(node);
    let list = select["select_list"].as_array().map_or(&[][..], Vec::as_slice);
    let mut found = Items::default();
    for (at, item) in list.iter().enumerate() {
        let Some(own) = extent(item) else { continue };
        if item["type"] == "STAR" {
            found.stars.push(own.start);
        } else if gives(item, name) {
            // The name stands behind the expression, before the next item or FROM.
            let next = list.get(at + 1).unwrap_or(&select["from_table"]);
            found.named.push(place(own.start..leftmost(next).unwrap_or(usize::MAX).max(own.end)));
        }
    }
    let source = &select["from_table"];
    let is_passed_on = found.named.is_empty() && found.stars.len() == 1 && source["type"] == "BASE_TABLE";
    match cte(top, &lower(&source["table_name"])).filter(|_| is_passed_on) {
        Some(inner) => items_of(inner, top, name, place),
        None => found,
    }
}

/// Whether an item names the column.
fn gives(item: &Json, name: &str) -> bool {
    let alias = lower(&item["alias"]);
    alias == name || alias.is_empty() && texts(&item["column_names"]).last().is_some_and(|own| own == name)
}

/// The query of a CTE.
fn cte<'a>(top: &'a Json, name: &str) -> Option<&'a Json> {
    let ctes = top.pointer("/cte_map/map")?.as_array()?;
    Some(&ctes.iter().find(|cte| lower(&cte["key"]) == name)?["value"]["query_node"])
}

/// Where the expression of a column begins; `*` is followed into the CTE that it takes from.
fn expression(select: &Json, column: &str, top: &Json, depth: usize) -> Option<usize> {
    let list = select.get("select_list")?.as_array()?;
    let is_all = matches!(&list[..], [one] if one["type"] == "STAR");
    if column.is_empty() && !is_all {
        return leftmost(&select["from_table"]);
    }
    let named = list.iter().find(|item| !column.is_empty() && gives(item, column));
    let mut tables = Vec::new();
    joined_tables(&select["from_table"], &mut tables);
    // `final.x` is nothing but a name for what stands further up; of several tables, this is where one was chosen.
    let is_name = tables.len() < 2 && named.is_some_and(|item| item["type"] == "COLUMN_REF");
    if let Some(item) = named.filter(|_| !is_name) {
        return leftmost(item);
    }
    let inner = named.and_then(|item| texts(&item["column_names"]).last());
    let column = inner.as_deref().unwrap_or(column);
    let deeper = tables.iter().filter(|_| depth < 20).find_map(|(table, alias)| {
        let found = expression(cte(top, table)?, column, top, depth + 1)?;
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
