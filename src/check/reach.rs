//! What a rendered query can reach, read from its syntax tree before anything runs.
//!
//! The file is rendered once more with a seal: `source`, `ref` and `outcome` put a text before their schemas that no
//! file can know. What stands in the tree without it was written by hand, whatever macro or filter it came through.

use anyhow::{Context, Result};
use chrono::NaiveDate;
use serde_json::Value as Json;

use crate::build::{Catalog, Model};
use crate::problem::{Place, Problem};
use crate::template::{Rendered, Templates};
use crate::warehouse::{Warehouse, text};

/// Functions in FROM that make rows of their arguments alone.
const HARMLESS: [&str; 9] = [
    "generate_series",
    "generate_subscripts",
    "json_each",
    "json_tree",
    "range",
    "regexp_split_to_table",
    "repeat",
    "repeat_row",
    "unnest",
];

/// Clocks and settings that DuckDB lists as macros, or as consistent.
const CLOCKS: [&str; 14] = [
    "ago",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "get_current_time",
    "getenv",
    "localtime",
    "localtimestamp",
    "pg_conf_load_time",
    "pg_postmaster_start_time",
    "session_user",
    "today",
    "user",
];

/// Keywords that are clocks without brackets.
const KEYWORDS: [&str; 5] =
    ["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"];

/// DuckDB's functions, as far as they decide what may be called.
pub struct Functions {
    known: Vec<String>,
    changing: Vec<String>,
}

impl Functions {
    /// # Errors
    /// When the catalog cannot be read.
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let names = |condition: &str| {
            let sql =
                format!("select distinct function_name from duckdb_functions() where internal {condition}");
            warehouse.rows(&sql, &[], |row| row.get::<_, String>(0))
        };
        Ok(Self {
            known: names("")?,
            changing: names("and stability <> 'CONSISTENT' and function_name <> 'error'")?,
        })
    }
}

/// Everything in a file's query that could show what was not known at `date`.
///
/// # Errors
/// When the file cannot be rendered, or DuckDB does not answer.
pub fn check(
    warehouse: &Warehouse,
    catalog: &Catalog,
    sealed: &Templates,
    functions: &Functions,
    table: &str,
    date: NaiveDate,
) -> Result<Vec<Problem>> {
    let rendered = catalog.render_with(sealed, table, date)?;
    let tree = match tree(warehouse, &rendered.sql)? {
        Ok(tree) => tree,
        // What cannot be read is told by the build, with its place; what is no SELECT is told here.
        Err(message) => {
            let place = Place::at_offset(&rendered.file, sealed.source(&rendered.file), 0);
            let problem =
                Problem::usage(format!("the syntax of this query cannot be looked through: {message}"));
            return Ok(vec![
                problem.at(place).on(date).hint("write it as one SELECT; a `pivot` needs its `in (…)`"),
            ]);
        }
    };
    let place = |at: Option<usize>| {
        let origin = at.and_then(|at| rendered.map.origin(at)).unwrap_or((&rendered.file, 0));
        Place::at_offset(origin.0, sealed.source(origin.0), origin.1)
    };
    Ok(Walk::over(&tree, &sealed.seal, functions, date, &place, &rendered.sql))
}

/// The same of a model's rule, an expression over the columns of its SELECT.
///
/// # Errors
/// When DuckDB does not answer.
pub fn rule(
    warehouse: &Warehouse,
    catalog: &Catalog,
    functions: &Functions,
    model: &Model,
    expression: &str,
    date: NaiveDate,
) -> Result<Vec<Problem>> {
    let head = "select (";
    // What is no expression is told by the build.
    let Ok(tree) = tree(warehouse, &format!("{head}{expression})"))? else { return Ok(Vec::new()) };
    let place = |at: Option<usize>| {
        rule_place(catalog, model, expression, at.map_or(0, |at| at.saturating_sub(head.len())))
    };
    // No seal: a rule may read no table at all.
    Ok(Walk::over(&tree, "\0", functions, date, &place, expression))
}

/// The place of byte `at` of a rule's expression.
pub fn rule_place(catalog: &Catalog, model: &Model, expression: &str, at: usize) -> Place {
    let source = catalog.templates.source(&model.file);
    // The rule itself, not a word of the config that is like it.
    let quoted = ["'", "\""].into_iter().find_map(|quote| {
        let at = source.find(&format!(": {quote}{expression}{quote}"))?;
        Some(at + 3)
    });
    quoted.or_else(|| source.find(expression)).map_or_else(
        || Place::of_word(&model.file, source, "candidates"),
        |start| Place::at_offset(&model.file, source, start + at.min(expression.len())),
    )
}

/// The syntax tree of a query, or DuckDB's message why there is none.
fn tree(warehouse: &Warehouse, sql: &str) -> Result<Result<Json, String>> {
    let sql = format!("select json_serialize_sql({})::varchar", text(sql));
    let json = warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.context("no syntax tree")?;
    let tree: Json = serde_json::from_str(&json)?;
    if tree["error"] == Json::Bool(true) {
        let message = tree["error_message"].as_str().unwrap_or_default();
        return Ok(Err(message.lines().next().unwrap_or_default().to_owned()));
    }
    Ok(Ok(tree))
}

/// The seal of this run: it need not be secret, only unknown when the files were written.
pub fn seal(run_id: &str) -> String {
    format!("sealed_{}_", &crate::fingerprint::of(&[run_id])[..12])
}

struct Walk<'a> {
    seal: &'a str,
    functions: &'a Functions,
    date: NaiveDate,
    /// From a byte of the SQL to the analyst's file.
    place: &'a dyn Fn(Option<usize>) -> Place,
    sql: &'a str,
    aliases: Vec<String>,
    found: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn over(
        tree: &Json,
        seal: &'a str,
        functions: &'a Functions,
        date: NaiveDate,
        place: &'a dyn Fn(Option<usize>) -> Place,
        sql: &'a str,
    ) -> Vec<Problem> {
        let mut walk = Self { seal, functions, date, place, sql, aliases: Vec::new(), found: Vec::new() };
        collect_aliases(tree, &mut walk.aliases);
        walk.node(tree, &[]);
        walk.found
    }

    /// `ctes` are the names that a table may have here without a schema.
    fn node(&mut self, node: &Json, ctes: &[String]) {
        match node {
            Json::Array(list) => list.iter().for_each(|child| self.node(child, ctes)),
            Json::Object(map) => {
                let mut scope = ctes.to_vec();
                let own = node.pointer("/cte_map/map").and_then(Json::as_array);
                for cte in own.into_iter().flatten() {
                    let name = lower(&cte["key"]);
                    let query = &cte["value"]["query_node"];
                    // A name means itself only where it is recursive; else it is what it was outside.
                    let is_recursive = query["type"] == "RECURSIVE_CTE_NODE";
                    let with_itself: Vec<String> =
                        scope.iter().cloned().chain(is_recursive.then(|| name.clone())).collect();
                    self.node(&cte["value"], &with_itself);
                    scope.push(name);
                }
                self.itself(node, &scope);
                let is_table_function = node["type"] == "TABLE_FUNCTION";
                for (key, child) in map.iter().filter(|(key, _)| *key != "cte_map") {
                    // Of a function in FROM only the arguments are left to look at.
                    let child =
                        if is_table_function && key == "function" { &child["arguments"] } else { child };
                    self.node(child, &scope);
                }
            }
            _ => {}
        }
    }

    fn itself(&mut self, node: &Json, ctes: &[String]) {
        match node["type"].as_str().unwrap_or_default() {
            "BASE_TABLE" => self.table(node, ctes),
            "TABLE_FUNCTION" => self.table_function(node),
            "SHOW_REF" => {
                self.find(node, "`describe`, `show` and `summarize` look past source() and ref()", READ);
            }
            "FUNCTION" | "WINDOW_FUNCTION" => self.function(node),
            "COLUMN_REF" => {
                let names = node["column_names"].as_array().map_or(&[][..], Vec::as_slice);
                let [name] = names else { return };
                let name = lower(name);
                if KEYWORDS.contains(&name.as_str()) && !self.aliases.contains(&name) {
                    self.clock(node, &name);
                }
            }
            _ => {}
        }
        if node.get("sample").is_some_and(|sample| !sample.is_null()) {
            self.find(node, "a sample is random: the same rows have to give the same result", RANDOM);
        }
        if node.get("at_clause").is_some_and(|clause| !clause.is_null()) {
            self.find(node, "`at (…)` reads another version of a table", READ);
        }
    }

    fn table(&mut self, node: &Json, ctes: &[String]) {
        let path: Vec<&str> = ["catalog_name", "schema_name", "table_name"]
            .into_iter()
            .filter_map(|part| node[part].as_str())
            .filter(|part| !part.is_empty())
            .collect();
        let is_ours = matches!(path[..], [schema, _] if schema.starts_with(self.seal));
        let is_cte = matches!(path[..], [name] if ctes.contains(&name.to_lowercase()));
        if !is_ours && !is_cte {
            let what = format!("`{}` is read past source() and ref()", path.join("."));
            self.find(node, &what, READ);
        }
    }

    fn table_function(&mut self, node: &Json) {
        let function = &node["function"];
        let name = lower(&function["function_name"]);
        let schema = function["schema"].as_str().unwrap_or_default();
        let is_ours = schema.starts_with(self.seal);
        if is_ours {
            let date = function.pointer("/arguments/0/expression/child/literal/text").and_then(Json::as_str);
            if date != Some(self.date.to_string().as_str()) {
                let name = name.trim_end_matches("_as_of");
                let what = format!("`source('{name}')` is read at another date than the reference date");
                self.find(
                    node,
                    &what,
                    "source() gives what was known at the reference date: use it as it is",
                );
            }
        } else if !schema.is_empty() || !HARMLESS.contains(&name.as_str()) {
            self.find(node, &format!("`{name}(…)` reads past source() and ref()"), READ);
        }
    }

    fn function(&mut self, node: &Json) {
        let name = lower(&node["function_name"]);
        let is_plain =
            ["schema", "catalog"].iter().all(|part| node[*part].as_str().unwrap_or_default().is_empty());
        let count = node["arguments"].as_array().map_or(0, Vec::len);
        let is_random =
            ["random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7"].contains(&name.as_str());
        if is_random {
            let what = format!("`{name}()` is random: the same rows have to give the same result");
            self.find(node, &what, RANDOM);
        } else if CLOCKS.contains(&name.as_str())
            || self.functions.changing.contains(&name)
            || name == "age" && count == 1
        {
            self.clock(node, &name);
        } else if node["type"] == "FUNCTION" && (!is_plain || !self.functions.known.contains(&name)) {
            let what = format!("`{name}` is no function of DuckDB itself, so what it reads is unknown");
            self.find(node, &what, "put it into a macro of queries/macros/");
        }
    }

    fn clock(&mut self, node: &Json, name: &str) {
        let what =
            format!("`{name}` changes from run to run: a partition of {} has to stay as it is", self.date);
        self.find(node, &what, "`{{ reference_date }}` is the day that counts");
    }

    fn find(&mut self, node: &Json, message: &str, hint: &str) {
        // DuckDB gives `describe` and its like no place.
        let shown = || {
            let sql = self.sql.to_lowercase();
            ["describe", "summarize", "show"].iter().find_map(|word| sql.find(word))
        };
        let at = if node["type"] == "SHOW_REF" { shown() } else { position(node) };
        let place = (self.place)(at);
        let message = message.replace(self.seal, "");
        let problem = Problem::usage(message).at(place).on(self.date).hint(hint);
        if self.found.iter().all(|other| other.place != problem.place || other.message != problem.message) {
            self.found.push(problem);
        }
    }
}

const READ: &str = "`source('…')` and `ref('…')` give what was known at the reference date";
const RANDOM: &str = "choose by a hash of the key, for example `hash(seller_id) % 10 = 0`";

/// Where a node stands, or the first one below it that says so.
fn position(node: &Json) -> Option<usize> {
    let own = node.get("query_location").and_then(Json::as_u64).filter(|at| *at != u64::MAX);
    own.and_then(|at| usize::try_from(at).ok()).or_else(|| match node {
        Json::Object(map) => map.values().filter_map(position).min(),
        Json::Array(list) => list.iter().filter_map(position).min(),
        _ => None,
    })
}

/// Where the text of a node begins: an operator's own place is between its operands.
fn leftmost(node: &Json) -> Option<usize> {
    let below = match node {
        Json::Object(map) => map.values().filter_map(leftmost).min(),
        Json::Array(list) => list.iter().filter_map(leftmost).min(),
        _ => None,
    };
    let own = node.get("query_location").and_then(Json::as_u64).filter(|at| *at != u64::MAX);
    own.and_then(|at| usize::try_from(at).ok()).into_iter().chain(below).min()
}

fn collect_aliases(node: &Json, found: &mut Vec<String>) {
    match node {
        Json::Object(map) => {
            for (key, value) in map {
                match key.as_str() {
                    "alias" => found.push(lower(value)),
                    "aliases" | "column_name_alias" => {
                        found.extend(value.as_array().into_iter().flatten().map(lower));
                    }
                    _ => collect_aliases(value, found),
                }
            }
        }
        Json::Array(list) => list.iter().for_each(|value| collect_aliases(value, found)),
        _ => {}
    }
}

fn lower(name: &Json) -> String {
    name.as_str().unwrap_or_default().to_lowercase()
}

/// The place in the template of what gives `column`, looked for from the last SELECT through its CTEs; of its FROM for
/// no column.
///
/// # Errors
/// When DuckDB does not answer.
pub fn column_place(
    warehouse: &Warehouse,
    catalog: &Catalog,
    rendered: &Rendered,
    column: &str,
) -> Result<Place> {
    let found = match tree(warehouse, &rendered.sql)? {
        Ok(tree) => tree.pointer("/statements/0/node").and_then(|node| expression(node, column, node, 0)),
        Err(_) => None,
    };
    Ok(match found.and_then(|at| rendered.map.origin(at)) {
        Some((file, at)) => Place::at_offset(file, catalog.templates.source(file), at),
        None => catalog.templates.place(&rendered.file, column),
    })
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
        let own = item["column_names"].as_array().and_then(|names| names.last()).map(lower);
        !column.is_empty() && alias == column.to_lowercase()
            || alias.is_empty() && own.as_deref() == Some(&column.to_lowercase())
    });
    // `final.x` is nothing but a name for what stands further up.
    let is_name = named.is_some_and(|item| item["type"] == "COLUMN_REF");
    if let Some(item) = named.filter(|_| !is_name) {
        return leftmost(item);
    }
    let mut tables = Vec::new();
    base_tables(&select["from_table"], &mut tables);
    let ctes = top.pointer("/cte_map/map").and_then(Json::as_array);
    let deeper = tables.iter().filter(|_| depth < 20).find_map(|table| {
        let cte = ctes?.iter().find(|cte| lower(&cte["key"]) == *table)?;
        expression(&cte["value"]["query_node"], column, top, depth + 1)
    });
    deeper.or_else(|| named.and_then(leftmost))
}

fn base_tables(node: &Json, found: &mut Vec<String>) {
    match node {
        Json::Object(map) if map.get("type").is_some_and(|kind| kind == "BASE_TABLE") => {
            found.push(lower(&map["table_name"]));
        }
        Json::Object(map) => {
            for key in ["left", "right", "subquery", "node"] {
                if let Some(child) = map.get(key) {
                    base_tables(child, found);
                }
            }
        }
        _ => {}
    }
}
