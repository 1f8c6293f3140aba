//! Which item of a SELECT gives a column.

use std::ops::Range;

use serde_json::{Value as Json, json};

use super::parts::with;
use crate::sql::tree::{self, cte, extent, leftmost, list, lower, name_of};
use crate::sql::{Select, tokens};
use crate::warehouse::Warehouse;

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
    let tokens = tokens(sql);
    let names = || tokens.iter().filter(|token| token.text.trim_matches('"').eq_ignore_ascii_case(name));
    let place = |within: Range<usize>| {
        names().map(|token| token.range.start).rfind(|at| within.contains(at)).unwrap_or(within.start)
    };
    tree::deep(|| {
        let top = tree::query(sql).unwrap_or_default();
        items_of(&top, &top, &name.to_lowercase(), &place)
    })
}

fn items_of(node: &Json, top: &Json, name: &str, place: &dyn Fn(Range<usize>) -> usize) -> Items {
    let select = node.pointer("/children/0").unwrap_or(node);
    let (items, from) = (list(&select["select_list"]), &select["from_table"]);
    let mut found = Items::default();
    for (at, item) in items.iter().enumerate() {
        let Some(own) = extent(item) else { continue };
        if item["type"] == "STAR" {
            found.stars.push(own.start);
        } else if name_of(item) == name {
            // The name stands behind the expression, before the next item or FROM.
            let next = leftmost(items.get(at + 1).unwrap_or(from)).unwrap_or(usize::MAX);
            found.named.push(place(own.start..next.max(own.end)));
        }
    }
    let is_passed_on = found.named.is_empty() && found.stars.len() == 1 && from["type"] == "BASE_TABLE";
    match cte(top, &lower(&from["table_name"])).filter(|_| is_passed_on) {
        Some(inner) => items_of(inner, top, name, place),
        None => found,
    }
}

/// A column that a query gives twice.
pub struct Twice {
    pub name: String,
    /// The items that give it: of a `*` its place, and the name of its table.
    pub givers: Vec<Option<(usize, String)>>,
}

/// The first of `names` that the query gives twice. DuckDB renames the second `x` of a CTE to `x_1`, so each SELECT whose
/// columns are passed on by a `*` is asked alone.
pub fn twice(warehouse: &Warehouse, sql: &str, names: &[&str]) -> Option<Twice> {
    let ask = |node: &Json| -> Option<Vec<String>> {
        let columns = warehouse.describe(&Select::of(&tree::unparse(node)?).ok()?).ok()?;
        Some(columns.into_iter().map(|(name, _)| name.to_lowercase()).collect())
    };
    tree::deep(|| twice_in(sql, &tree::query(sql).ok()?, &[], names, &ask))
}

fn twice_in(
    sql: &str,
    node: &Json,
    outer: &[Json],
    names: &[&str],
    ask: &dyn Fn(&Json) -> Option<Vec<String>>,
) -> Option<Twice> {
    let ctes: Vec<Json> = outer.iter().chain(list(&node["cte_map"]["map"])).cloned().collect();
    let select = node.pointer("/children/0").unwrap_or(node);
    let whole = with(outer, node);
    let columns = ask(&whole)?;
    let count =
        |of: &[String], name: &str| of.iter().filter(|other| other.eq_ignore_ascii_case(name)).count();
    let items = list(&select["select_list"]);
    if let Some(name) = names.iter().find(|name| count(&columns, name) > 1) {
        let mut alone = with(&ctes, select);
        alone["modifiers"] = json!([]);
        let mut givers = Vec::new();
        for item in items {
            alone["select_list"] = json!([item]);
            let times = ask(&alone).map_or(0, |own| count(&own, name));
            // A loop may have made the name before the sign.
            let sign = leftmost(item).and_then(|at| Some(at + sql.get(at..)?.find('*')?));
            let giver = sign.filter(|_| item["type"] == "STAR");
            let giver = giver.map(|at| (at, lower(&item["relation_name"])));
            givers.extend(std::iter::repeat_n(giver, times));
        }
        return Some(Twice { name: (*name).to_owned(), givers });
    }
    let mut stars = items.iter().filter(|item| item["type"] == "STAR");
    stars.find_map(|star| {
        let wanted = lower(&star["relation_name"]);
        let tables = tree::joined(&select["from_table"]).into_iter();
        let mut meant = tables.filter(|table| wanted.is_empty() || wanted == tree::table_name(table));
        meant.find_map(|from| {
            let at = ctes.iter().rposition(|cte| lower(&cte["key"]) == lower(&from["table_name"]));
            match at {
                Some(at) => twice_in(sql, &ctes[at]["value"]["query_node"], &ctes[..at], names, ask),
                None => twice_in(sql, from.pointer("/subquery/node")?, &ctes, names, ask),
            }
        })
    })
}
