//! Where two builds of one query come apart: at the expression that gives a column, or at the join, the condition or
//! the like that lets rows in.

use anyhow::Result;
use serde_json::{Value as Json, json};

use crate::problem::Place;
use crate::sql::tree::{children, leftmost, lower, position, texts, tree};
use crate::template::{Rendered, Templates};
use crate::warehouse::{Warehouse, text};

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
        let tree = tree(self.warehouse, &self.rendered.sql)?.unwrap_or(Json::Null);
        let top = &tree["statements"][0]["node"];
        let found = if column.is_empty() {
            self.rows(top, top, 0)?
        } else {
            match giver(top, column, top, 0) {
                Some((select, item)) => self.within(top, select, item)?,
                None => None,
            }
        };
        let Some(at) = found else { return Ok(templates.place(file, column)) };
        // What a macro made is shown where it is called, and there at the argument.
        let own = templates.locate(self.rendered, at).filter(|located| located.place.file == *file);
        let origin = || {
            let (file, at) = self.rendered.map.origin(at)?;
            Some(Place::at_offset(file, templates.source(file), at))
        };
        Ok(own.map(|located| located.place).or_else(origin).unwrap_or_else(|| templates.place(file, column)))
    }

    /// Where the rows of `select` become others.
    fn rows(&self, top: &Json, select: &Json, depth: usize) -> Result<Option<usize>> {
        if select["type"] == "SET_OPERATION_NODE" {
            for branch in select["children"].as_array().into_iter().flatten() {
                if self.differs(top, branch)? {
                    return self.rows(top, branch, depth + 1);
                }
            }
            return Ok(leftmost(select));
        }
        for (at, from) in joins(&select["from_table"]).into_iter().enumerate() {
            if self.differs(top, &part(select, from, &Json::Null))? {
                let below = inner(top, from).filter(|_| at == 0 && depth < DEEPEST);
                let deeper = below.map(|below| self.rows(top, below, depth + 1)).transpose()?.flatten();
                return Ok(deeper.or_else(|| position(from)));
            }
        }
        let condition = &select["where_clause"];
        if self.differs(top, &part(select, &select["from_table"], condition))? {
            for one in conjuncts(condition) {
                if self.differs(top, &part(select, &select["from_table"], one))? {
                    return Ok(leftmost(one));
                }
            }
            return Ok(leftmost(condition));
        }
        let rest = ["group_expressions", "having", "qualify", "modifiers"].map(|key| &select[key]);
        Ok(rest.into_iter().rev().find_map(leftmost).or_else(|| leftmost(&select["from_table"])))
    }

    /// The smallest part of an item of `select` that is another in both, where they stand on lines of their own.
    fn within(&self, top: &Json, select: &Json, item: &Json) -> Result<Option<usize>> {
        let mut guilty = item;
        loop {
            if self.is_on_one_line(guilty) {
                return Ok(leftmost(guilty));
            }
            let below = operands(guilty);
            let mut found = None;
            for part in below {
                let mut alone = self::part(select, &select["from_table"], &select["where_clause"]);
                alone["select_list"] = json!([part]);
                alone["select_list"][0]["alias"] = json!("x");
                if self.differs(top, &alone)? {
                    found = Some(part);
                    break;
                }
            }
            match found {
                Some(part) => guilty = part,
                None => return Ok(leftmost(guilty)),
            }
        }
    }

    /// Whether all of an expression comes from one line.
    fn is_on_one_line(&self, expression: &Json) -> bool {
        let mut places = Vec::new();
        places_below(expression, &mut places);
        let mut lines =
            places.into_iter().map(|at| self.templates.locate(self.rendered, at).map(|it| it.place.line));
        let first = lines.next();
        lines.all(|line| Some(line) == first)
    }

    /// Whether a SELECT gives another number of rows in both, or other values. What does not run alone tells nothing.
    fn differs(&self, top: &Json, select: &Json) -> Result<bool> {
        let mut node = select.clone();
        node["cte_map"] = top["cte_map"].clone();
        let statement = json!({"error": false, "statements": [{"node": node, "named_param_map": []}]});
        let sql = format!("select json_deserialize_sql({}::json)", text(&statement.to_string()));
        let Ok(Some(sql)) = self.warehouse.row(&sql, &[], |row| row.get::<_, String>(0)) else {
            return Ok(false);
        };
        let sql = format!("select count(*), bit_xor(hash(x)), sum(hash(x))::varchar from ({sql}) as q(x)");
        let mut results = Vec::new();
        for database in self.databases {
            self.warehouse.batch(&format!("use {database}"))?;
            let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let result: Result<Option<(i64, Option<u64>, Option<String>)>, _> =
                self.warehouse.row(&sql, &[], read);
            results.push(result.ok().flatten());
        }
        self.warehouse.batch("use warehouse")?;
        Ok(results[0].is_some() && results[1].is_some() && results[0] != results[1])
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

/// A FROM by its joins: its first table alone, then with one join more each.
fn joins(from: &Json) -> Vec<&Json> {
    if from["type"] == "JOIN" {
        let mut all = joins(&from["left"]);
        all.push(from);
        all
    } else {
        vec![from]
    }
}

/// What the one table of a FROM is made by: a CTE, or a subquery.
fn inner<'a>(top: &'a Json, from: &'a Json) -> Option<&'a Json> {
    if from["type"] == "SUBQUERY" {
        return Some(&from["subquery"]["node"]);
    }
    cte(top, &lower(&from["table_name"]))
}

fn cte<'a>(top: &'a Json, name: &str) -> Option<&'a Json> {
    let ctes = top.pointer("/cte_map/map")?.as_array()?;
    ctes.iter().find(|cte| lower(&cte["key"]) == name).map(|cte| &cte["value"]["query_node"])
}

fn conjuncts(condition: &Json) -> Vec<&Json> {
    match condition["children"].as_array() {
        Some(all) if condition["type"] == "CONJUNCTION_AND" => all.iter().collect(),
        _ => Vec::new(),
    }
}

/// The expressions right below one; a subquery is a whole.
fn operands(expression: &Json) -> Vec<&Json> {
    let mut found = Vec::new();
    if expression["class"] != "SUBQUERY" {
        children(expression).for_each(|child| nearest(child, &mut found));
    }
    found
}

fn nearest<'a>(node: &'a Json, found: &mut Vec<&'a Json>) {
    if node.get("class").is_some() {
        found.push(node);
    } else {
        children(node).for_each(|child| nearest(child, found));
    }
}

/// Where the operands of an expression begin, and those of its operands.
fn places_below(expression: &Json, places: &mut Vec<usize>) {
    places.extend(leftmost(expression));
    operands(expression).into_iter().for_each(|operand| places_below(operand, places));
}

/// The SELECT and its item that give `column`, looked for from the last SELECT through its CTEs.
fn giver<'a>(select: &'a Json, column: &str, top: &'a Json, depth: usize) -> Option<(&'a Json, &'a Json)> {
    let list = select.get("select_list")?.as_array()?;
    let replaced = list.iter().filter_map(|item| item["replace_list"].as_array()).flatten();
    if let Some(item) = replaced.into_iter().find(|item| lower(&item["key"]) == column.to_lowercase()) {
        return Some((select, &item["value"]));
    }
    let named = list.iter().find(|item| {
        let alias = lower(&item["alias"]);
        let own = texts(&item["column_names"]).last();
        alias == column.to_lowercase() || alias.is_empty() && own.as_deref() == Some(&column.to_lowercase())
    });
    let mut tables = Vec::new();
    joined_tables(&select["from_table"], &mut tables);
    // `final.x` is nothing but a name for what stands further up; of several tables, this is where one was chosen.
    let is_name = tables.len() < 2 && named.is_some_and(|item| item["type"] == "COLUMN_REF");
    if let Some(item) = named.filter(|_| !is_name) {
        return Some((select, item));
    }
    let below = named.and_then(|item| texts(&item["column_names"]).last());
    let column = below.as_deref().unwrap_or(column);
    let deeper = tables.iter().filter(|_| depth < DEEPEST).find_map(|(table, alias)| {
        let found = giver(cte(top, table)?, column, top, depth + 1)?;
        // `later.*` was chosen as well.
        let star = list.iter().find(|item| lower(&item["relation_name"]) == *alias && tables.len() > 1);
        Some(star.map_or(found, |star| (select, star)))
    });
    deeper.or_else(|| named.map(|item| (select, item)))
}

/// Tables of a FROM, each with the name that it has there.
fn joined_tables(node: &Json, found: &mut Vec<(String, String)>) {
    if node["type"] == "BASE_TABLE" {
        let (name, alias) = (lower(&node["table_name"]), lower(&node["alias"]));
        found.push((name.clone(), if alias.is_empty() { name } else { alias }));
    } else if node.is_object() {
        for key in ["left", "right", "subquery", "node"] {
            joined_tables(&node[key], found);
        }
    }
}
