//! Where two builds of one query come apart: at the expression that gives a column, or at the join, the condition or
//! the like that lets rows in.

use anyhow::Result;
use serde_json::{Value as Json, json};

use crate::problem::Place;
use crate::sql::tree::{self, children, cte, leftmost, list, lower, name_of, own_position, position, texts};
use crate::template::{Rendered, Templates};
use crate::warehouse::Warehouse;

/// A query that was built in two databases.
pub struct Apart<'a> {
    pub warehouse: &'a Warehouse,
    pub templates: &'a Templates,
    pub rendered: &'a Rendered,
    pub databases: [&'a str; 2],
}

/// CTEs within CTEs are followed so far.
const DEEPEST: usize = 20;

impl Apart<'_> {
    /// The place in the template of what makes `column` another; of what makes the rows others for no column.
    pub fn place(&self, column: &str) -> Result<Place> {
        let (file, templates) = (&self.rendered.file, self.templates);
        let top = &tree::query(&self.rendered.sql).unwrap_or_default();
        let found = match giver(top, &column.to_lowercase(), top, 0) {
            _ if column.is_empty() => self.rows(top, top, 0)?,
            Some((select, item)) => self.within(top, select, item)?,
            None => None,
        };
        let place = found.map(|at| templates.locate_call(self.rendered, at).0);
        Ok(place.unwrap_or_else(|| templates.place(file, column)))
    }

    /// Where the rows of `select` become others.
    fn rows(&self, top: &Json, select: &Json, depth: usize) -> Result<Option<usize>> {
        if select["type"] == "SET_OPERATION_NODE" {
            for branch in list(&select["children"]) {
                if self.differs(top, branch)? {
                    return self.rows(top, branch, depth + 1);
                }
            }
            return Ok(leftmost(select));
        }
        for (at, from) in joins(&select["from_table"]).into_iter().enumerate() {
            if self.has_others(top, select, from, &Json::Null)? {
                let below = inner(top, from).filter(|_| at == 0 && depth < DEEPEST);
                let deeper = below.map(|below| self.rows(top, below, depth + 1)).transpose()?.flatten();
                let found = if deeper.is_some() { deeper } else { self.in_condition(top, select, from)? };
                return Ok(found.or_else(|| position(from)));
            }
        }
        let condition = &select["where_clause"];
        if self.has_others(top, select, &select["from_table"], condition)? {
            for one in conjuncts(condition) {
                if self.has_others(top, select, &select["from_table"], one)? {
                    return Ok(leftmost(one));
                }
            }
            return Ok(leftmost(condition));
        }
        let rest = ["group_expressions", "having", "qualify", "modifiers"].map(|key| &select[key]);
        Ok(rest.into_iter().rev().find_map(leftmost).or_else(|| leftmost(&select["from_table"])))
    }

    /// The term of a join's condition without which its rows are the same in both.
    fn in_condition(&self, top: &Json, select: &Json, join: &Json) -> Result<Option<usize>> {
        for (at, term) in conjuncts(&join["condition"]).iter().enumerate() {
            let mut without = join.clone();
            without["condition"]["children"].as_array_mut().map(|terms| terms.remove(at));
            if !self.has_others(top, select, &without, &Json::Null)? {
                return Ok(leftmost(term));
            }
        }
        Ok(None)
    }

    /// Whether `from` and `condition` give other rows in both: another number of them, or those of other keys.
    fn has_others(&self, top: &Json, select: &Json, from: &Json, condition: &Json) -> Result<bool> {
        let mut part = part(select, from, condition);
        if self.differs(top, &part)? {
            return Ok(true);
        }
        let key = self.rendered.config.get("key").unwrap_or(&Json::Null);
        let table = tree::table_name(tree::joined(from)[0]);
        let path = [json!(table), key.get(0).unwrap_or(key).clone()];
        let one = &mut part["select_list"][0];
        one["class"] = json!("COLUMN_REF");
        one["type"] = json!("COLUMN_REF");
        one["column_names"] = json!(path.into_iter().filter(|name| name != "").collect::<Vec<_>>());
        self.differs(top, &part)
    }

    /// The smallest part of an item of `select` that is another in both, where they stand on lines of their own.
    fn within(&self, top: &Json, select: &Json, item: &Json) -> Result<Option<usize>> {
        let mut alone = part(select, &select["from_table"], &select["where_clause"]);
        let mut guilty = item;
        while !self.is_on_one_line(guilty) {
            let mut found = None;
            for part in operands(guilty) {
                alone["select_list"] = json!([part]);
                alone["select_list"][0]["alias"] = json!("x");
                if self.differs(top, &alone)? {
                    found = Some(part);
                    break;
                }
            }
            let Some(part) = found else { break };
            guilty = part;
        }
        let label = self.rendered.config.get("label").map(lower);
        let is_subquery = guilty["class"] == "SUBQUERY" && !self.is_on_one_line(guilty);
        let read = if is_subquery { later(guilty, label.as_deref()) } else { None };
        Ok(read.or_else(|| leftmost(guilty)))
    }

    /// Whether all of an expression comes from one line.
    fn is_on_one_line(&self, expression: &Json) -> bool {
        let places = tree::nodes(expression).filter_map(own_position);
        let mut lines = places.map(|at| self.templates.locate(self.rendered, at).place.line);
        let first = lines.next();
        lines.all(|line| Some(line) == first)
    }

    /// Whether a SELECT gives another number of rows in both, or other values. What does not run alone tells nothing.
    fn differs(&self, top: &Json, select: &Json) -> Result<bool> {
        let mut node = select.clone();
        node["cte_map"] = top["cte_map"].clone();
        let Some(sql) = tree::unparse(&node) else { return Ok(false) };
        let sql =
            format!("select concat_ws(' ', count(*), bit_xor(hash(x)), sum(hash(x))) from ({sql}) as q(x)");
        let mut results = Vec::new();
        for database in self.databases {
            self.warehouse.batch(&format!("use {database}"))?;
            results.push(self.warehouse.row(&sql, &[], |row| row.get::<_, String>(0)).ok().flatten());
        }
        self.warehouse.batch("use warehouse")?;
        Ok(results.iter().all(Option::is_some) && results[0] != results[1])
    }
}

/// The rows of a SELECT as far as `from` and `condition` make them.
fn part(select: &Json, from: &Json, condition: &Json) -> Json {
    let one = json!({"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "x", "query_location": 0,
        "query_location_length": 1, "literal": {"kind": "INTEGER", "text": "1"}});
    let mut part = select.clone();
    part["select_list"] = json!([one]);
    part["from_table"] = from.clone();
    part["where_clause"] = condition.clone();
    for list in ["modifiers", "group_expressions", "group_sets"] {
        part[list] = json!([]);
    }
    for clause in ["having", "qualify", "sample"] {
        part[clause] = Json::Null;
    }
    part
}

/// Where a query below `node` reads an outcome, or the label.
fn later(node: &Json, label: Option<&str>) -> Option<usize> {
    let outcomes =
        tree::nodes(node).filter(|node| node["type"] == "BASE_TABLE" && node["schema_name"] == "sources");
    let is_label =
        |column: &&Json| label.is_some() && texts(&column["column_names"]).last().as_deref() == label;
    outcomes.chain(tree::column_refs(node).filter(is_label)).filter_map(position).min()
}

/// A FROM by its joins: its first table alone, then with one join more each.
fn joins(from: &Json) -> Vec<&Json> {
    let mut all = if from["type"] == "JOIN" { joins(&from["left"]) } else { Vec::new() };
    all.push(from);
    all
}

/// What the one table of a FROM is made by: a CTE, or a subquery.
fn inner<'a>(top: &'a Json, from: &'a Json) -> Option<&'a Json> {
    if from["type"] == "SUBQUERY" {
        return Some(&from["subquery"]["node"]);
    }
    cte(top, &lower(&from["table_name"]))
}

fn conjuncts(condition: &Json) -> &[Json] {
    if condition["type"] == "CONJUNCTION_AND" { list(&condition["children"]) } else { &[] }
}

/// The expressions right below one; a subquery is a whole.
fn operands(expression: &Json) -> Vec<&Json> {
    fn nearest(node: &Json) -> Vec<&Json> {
        let is_one = node.get("class").is_some();
        if is_one { vec![node] } else { children(node).flat_map(nearest).collect() }
    }
    let is_whole = expression["class"] == "SUBQUERY";
    children(expression).filter(|_| !is_whole).flat_map(nearest).collect()
}

/// The SELECT and its item that give `column`, looked for from the last SELECT through its CTEs.
fn giver<'a>(select: &'a Json, column: &str, top: &'a Json, depth: usize) -> Option<(&'a Json, &'a Json)> {
    let items = list(&select["select_list"]);
    let mut replaced = items.iter().flat_map(|item| list(&item["replace_list"]));
    if let Some(item) = replaced.find(|item| lower(&item["key"]) == column) {
        return Some((select, &item["value"]));
    }
    let named = items.iter().find(|item| name_of(item) == column);
    let tables = tree::joined(&select["from_table"]);
    // `final.x` is nothing but a name for what stands further up; of several tables, this is where one was chosen.
    let several = tables.iter().filter(|table| table["type"] == "BASE_TABLE").count() > 1;
    let is_name = !several && named.is_some_and(|item| item["type"] == "COLUMN_REF");
    if let Some(item) = named.filter(|_| !is_name) {
        return Some((select, item));
    }
    let below = named.and_then(|item| texts(&item["column_names"]).last());
    let column = below.as_deref().unwrap_or(column);
    let deeper = tables.iter().filter(|_| depth < DEEPEST).find_map(|table| {
        let found = giver(inner(top, table)?, column, top, depth + 1)?;
        // `later.*` was chosen as well.
        let star =
            items.iter().find(|item| lower(&item["relation_name"]) == tree::table_name(table) && several);
        Some(star.map_or(found, |star| (select, star)))
    });
    deeper.or_else(|| named.map(|item| (select, item)))
}
