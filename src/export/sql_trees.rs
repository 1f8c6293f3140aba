//! Trees in SQL: a table of their nodes, and a walk of all rows through all trees, one question a step.
//!
//! A `case` in a `case` for every question takes DuckDB's planner longer the more nodes there are, and its limit on
//! depth stands in the way; the walk is planned once. Measured with 200 trees over 2000 rows.

use super::sql::Parts;
use crate::learn::{Node, Tree, Trees};
use crate::warehouse::idents;

/// Each tree is a line with three lists: what would be hundreds of thousands of constants are three texts. Of a node
/// `asks` is its column of the row, from 1, or 0 for a leaf; its number is a threshold or the leaf's value. Rows that are
/// at most the threshold go to the next node, others to node `other`.
const WALK: &str = "trees_{name} (first_node, asks, numbers, others) as (
values
{lines}
),

nodes_{name} as materialized (
select first_node + unnest(range(len(string_split(asks, ' ')))) as node,
    unnest(string_split(asks, ' '))::integer as asks,
    unnest(string_split(numbers, ' '))::double as number,
    first_node + unnest(string_split(others, ' '))::bigint as other
from trees_{name}
),

rows_{name} as materialized (
select {row}, [{inputs}] as x
from inputs
),

walk_{name} as (
select rows_{name}.{row}, trees_{name}.first_node as node
from rows_{name}
cross join trees_{name}
union all
select walk.{row}, case when rows.x[nodes.asks] <= nodes.number then walk.node + 1 else nodes.other end
from walk_{name} as walk
inner join nodes_{name} as nodes on nodes.node = walk.node
inner join rows_{name} as rows on rows.{row} = walk.{row}
where nodes.asks > 0
),

{name} as (
select {row}, {score} as score
from (
    select walk.{row}, nodes.number as leaf
    from walk_{name} as walk
    inner join nodes_{name} as nodes on nodes.node = walk.node and nodes.asks = 0
)
group by {row}
)";

/// Adds the trees to `parts`; `score` is an expression over `leaf`, the values of a row's leaves, as in
/// `sum(leaf)`. Gives the name of the part with the scores.
pub fn add(parts: &mut Parts, what: &str, trees: &Trees, score: &str) -> String {
    let name = parts.next(what);
    let mut first = 0;
    let line = |nodes: &[Node]| {
        let (mut asks, mut numbers, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for node in nodes {
            let (column, number, other) = match *node {
                Node::Leaf(value) => (0, value, 0),
                Node::Question { column, threshold, right } => (column + 1, threshold, right),
            };
            asks.push(column.to_string());
            numbers.push(number.to_string());
            others.push(other.to_string());
        }
        let lists = [asks, numbers, others].map(|list| format!("'{}'", list.join(" "))).join(", ");
        let line = format!("    ({first}::bigint, {lists})");
        first += nodes.len();
        line
    };
    let lines: Vec<String> = trees.0.iter().map(Tree::nodes).map(line).collect();
    let walk = WALK
        .replace("{name}", &name)
        .replace("{row}", &parts.row)
        .replace("{score}", score)
        .replace("{lines}", &lines.join(",\n"))
        .replace("{inputs}", &idents(&parts.inputs));
    parts.ctes.push(walk);
    name
}
