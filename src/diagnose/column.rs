//! Which item of a SELECT gives a column.

use std::ops::Range;

use serde_json::Value as Json;

use crate::sql::tokens;
use crate::sql::tree::{self, cte, extent, leftmost, list, lower, name_of};

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
    let names =
        tokens(sql).into_iter().filter(|token| token.text.trim_matches('"').eq_ignore_ascii_case(name));
    let names: Vec<usize> = names.map(|token| token.range.start).collect();
    let place =
        |within: Range<usize>| names.iter().copied().rfind(|at| within.contains(at)).unwrap_or(within.start);
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
