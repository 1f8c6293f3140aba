//! Which item of a SELECT gives a column.

use std::ops::Range;

use serde_json::Value as Json;

use crate::sql::tokens;
use crate::sql::tree::{self, extent, leftmost, lower, texts};

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
            let mut inside = words.iter().filter(|range| within.contains(&range.start));
            inside.rfind(is_name).map_or(within.start, |range| range.start)
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
