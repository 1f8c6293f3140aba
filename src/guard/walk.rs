//! One pass over a syntax tree, with what each name means where it stands.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::Value as Json;

use super::reach::Functions;
use crate::problem::{Place, Problem};
use crate::sql::tree::{children, given_names, list, lower, position, table_names, texts};
use crate::sql::{HARMLESS, SqlError, tree};

/// Keywords that are clocks without brackets.
const KEYWORDS: &str = "current_date current_time current_timestamp localtime localtimestamp";

/// Other clocks, and settings, that DuckDB lists as macros, or as consistent.
const CLOCKS: &str = "ago current_user get_current_time getenv pg_conf_load_time pg_postmaster_start_time session_user \
    today user";

const CHANCE: [&str; 6] = ["random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7"];

const READ: &str = "`source('…')` and `ref('…')` give what was known at the reference date";
const RANDOM: &str = "choose by a hash of the key, for example `hash(seller_id) % 10 = 0`";
const OTHER_DATE: &str = "read at another date than the reference date";
const AS_REF_IS: &str = "ref() gives the partition of the reference date: use it as it is";
const AS_SOURCE_IS: &str = "source() gives what was known at the reference date: use it as it is";
const IS_NULL: &str = "write `is null` or `is not null`; `is distinct from` compares what may be NULL";
const OTHER_SIDE: &str = "the other side of a join is another table's column";
const OF_INPUTS: &str =
    "these expressions are over what is known at the date; `outcome_share` of a profile says what followed";

/// What a query may reach.
pub struct Allowed<'a> {
    /// What `source`, `ref` and `outcome` put before their schemas.
    pub seal: &'a str,
    /// Sources that may be read with nothing hidden.
    pub whole: &'a BTreeSet<String>,
    /// The name of the raw file that a source is read from.
    pub raw: Option<&'a str>,
    /// Columns that are known only later.
    pub hidden: &'a [&'a str],
}

/// What names mean at a place in the tree.
#[derive(Clone, Default)]
struct Scope {
    /// Names that a table may have without a schema, each with the names that it may have columns of.
    ctes: Vec<(String, Vec<String>)>,
    /// Names that a column may have, so that `current_date` may be one.
    columns: Vec<String>,
}

impl Scope {
    /// With the columns that a FROM gives.
    fn with_tables(&self, from: &Json) -> Self {
        let mut scope = self.clone();
        scope.columns.extend(given_names(from));
        let tables = table_names(from);
        for (_, names) in self.ctes.iter().filter(|(name, _)| tables.contains(name)) {
            scope.columns.extend(names.iter().cloned());
        }
        scope
    }

    fn with_columns(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.columns.extend(names.into_iter().filter(|name| !name.is_empty()));
        self
    }
}

pub struct Walk<'a> {
    allowed: &'a Allowed<'a>,
    functions: &'a Functions,
    date: Option<NaiveDate>,
    /// From a byte of the SQL to the analyst's file, and to the macro that wrote it.
    place: &'a dyn Fn(Option<usize>) -> (Place, Option<String>),
    sql: &'a str,
    found: Vec<Problem>,
}

impl<'a> Walk<'a> {
    /// # Errors
    /// `sql` is no SELECT.
    pub fn over(
        sql: &'a str,
        allowed: &'a Allowed<'a>,
        functions: &'a Functions,
        date: Option<NaiveDate>,
        place: &'a dyn Fn(Option<usize>) -> (Place, Option<String>),
    ) -> Result<Vec<Problem>, SqlError> {
        tree::deep(|| {
            let mut walk = Self { allowed, functions, date, place, sql, found: Vec::new() };
            walk.node(&tree::parse(sql)?, &Scope::default());
            Ok(walk.found)
        })
    }

    fn node(&mut self, node: &Json, outer: &Scope) {
        let Json::Object(map) = node else {
            return children(node).for_each(|child| self.node(child, outer));
        };
        let scope = self.with_ctes(node, outer);
        self.itself(node, &scope);
        let kind = node["type"].as_str().unwrap_or_default();
        if kind == "SELECT_NODE" {
            return self.select(node, &scope);
        }
        // A lambda's own names.
        let own = if kind == "LAMBDA" { tree::column_names(&node["lhs"]) } else { Vec::new() };
        let scope = scope.with_columns(own);
        for (key, child) in map.iter().filter(|(key, _)| *key != "cte_map") {
            // Of a function in FROM only the arguments are left to look at.
            let is_call = kind == "TABLE_FUNCTION" && key == "function";
            self.node(if is_call { &child["arguments"] } else { child }, &scope);
        }
    }

    /// Looks through the CTEs of a query, and adds their names.
    fn with_ctes(&mut self, node: &Json, outer: &Scope) -> Scope {
        let mut scope = outer.clone();
        for cte in list(&node["cte_map"]["map"]) {
            let name = lower(&cte["key"]);
            let mut columns = scope.with_tables(&cte["value"]).columns;
            columns.dedup();
            // A name means itself only where it is recursive; else it is what it was outside.
            let mut inside = scope.clone();
            if cte["value"]["query_node"]["type"] == "RECURSIVE_CTE_NODE" {
                inside.ctes.push((name.clone(), columns.clone()));
            }
            self.node(&cte["value"], &inside);
            scope.ctes.push((name, columns));
        }
        scope
    }

    /// The columns of FROM are there in all of a SELECT, those that it names itself from then on.
    fn select(&mut self, node: &Json, scope: &Scope) {
        let from = &node["from_table"];
        let mut inside = scope.with_tables(from);
        // What `ref` gives is taken as it is.
        if !self.is_partition(node) {
            self.node(from, &inside);
        }
        for item in list(&node["select_list"]) {
            self.node(item, &inside);
            inside = inside.with_columns([lower(&item["alias"])]);
        }
        let done = ["from_table", "select_list", "cte_map"];
        let rest = node.as_object().into_iter().flatten().filter(|(key, _)| !done.contains(&key.as_str()));
        rest.for_each(|(_, child)| self.node(child, &inside));
    }

    /// Whether this is what `ref` gives: one table at the reference date.
    fn is_partition(&self, select: &Json) -> bool {
        let (from, condition) = (&select["from_table"], &select["where_clause"]);
        let schema = lower(&from["schema_name"]);
        from["type"] == "BASE_TABLE"
            && schema.strip_prefix(self.allowed.seal).is_some_and(|schema| schema != "sources")
            && condition["type"] == "COMPARE_EQUAL"
            && texts(&condition["left"]["column_names"]).eq(["reference_date"])
            && condition["right"]["type"] == "OPERATOR_CAST"
            && condition.pointer("/right/child/literal/text").and_then(Json::as_str) == self.date().as_deref()
    }

    fn itself(&mut self, node: &Json, scope: &Scope) {
        match node["type"].as_str().unwrap_or_default() {
            "BASE_TABLE" => self.table(node, scope),
            "TABLE_FUNCTION" => self.table_function(node),
            "SHOW_REF" => {
                self.find(node, "`describe`, `show` and `summarize` look past source() and ref()", READ);
            }
            "FUNCTION" | "WINDOW_FUNCTION" => self.function(node),
            "COLUMN_REF" => self.column(node, scope),
            "COMPARE_EQUAL" | "COMPARE_NOTEQUAL" => self.comparison(node),
            _ => {}
        }
        if node.get("sample").is_some_and(|sample| !sample.is_null()) {
            self.find(node, "a sample is random: the same rows have to give the same result", RANDOM);
        }
        if node.get("at_clause").is_some_and(|clause| !clause.is_null()) {
            self.find(node, "`at (…)` reads another version of a table", READ);
        }
    }

    /// What is the same for all rows, whatever they hold, was not meant.
    fn comparison(&mut self, node: &Json) {
        let (left, right) = (&node["left"], &node["right"]);
        let is_null = |side: &&Json| side["literal"]["kind"] == "NULL_LITERAL";
        if let Some(null) = [right, left].into_iter().find(is_null) {
            self.find(null, "nothing is equal to NULL, and nothing is not: this is never true", IS_NULL);
        } else if left["type"] == "COLUMN_REF"
            && texts(&left["column_names"]).eq(texts(&right["column_names"]))
        {
            let name = texts(&left["column_names"]).collect::<Vec<_>>().join(".");
            self.find(node, &format!("`{name}` is compared with itself"), OTHER_SIDE);
        }
    }

    fn column(&mut self, node: &Json, scope: &Scope) {
        let names: Vec<String> = texts(&node["column_names"]).collect();
        let Some(last) = names.last() else { return };
        if let [name] = &names[..]
            && KEYWORDS.split(' ').any(|keyword| keyword == name)
            && !scope.columns.contains(name)
        {
            self.clock(node, name);
        }
        if self.allowed.hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(last)) {
            let what = format!(
                "`{last}` is known only later: no rule, slice, profile or check that drops rows may read it"
            );
            self.find(node, &what, OF_INPUTS);
        }
    }

    fn table(&mut self, node: &Json, scope: &Scope) {
        // In small letters: a filter may have made capitals of what `source` gave.
        let parts = ["catalog_name", "schema_name", "table_name"].map(|part| lower(&node[part]));
        let path: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let whole = path.join(".");
        let is_known = match path[..] {
            [schema, name] => match schema.strip_prefix(self.allowed.seal) {
                Some("sources") => self.allowed.whole.contains(name),
                // What `ref` gives was looked at as a whole.
                Some(_) => return self.find(node, &format!("`ref('{whole}')` is {OTHER_DATE}"), AS_REF_IS),
                None => false,
            },
            [name] => self.allowed.raw == Some(name) || scope.ctes.iter().any(|(cte, _)| cte == name),
            _ => false,
        };
        if !is_known {
            self.find(node, &format!("`{whole}` is read past source() and ref()"), READ);
        }
    }

    fn table_function(&mut self, node: &Json) {
        let function = &node["function"];
        let name = lower(&function["function_name"]);
        let schema = lower(&function["schema"]);
        if schema.starts_with(self.allowed.seal) {
            let date = function.pointer("/arguments/0/expression/child/literal/text").and_then(Json::as_str);
            if date != self.date().as_deref() {
                let source = name.trim_end_matches("_as_of");
                self.find(node, &format!("`source('{source}')` is {OTHER_DATE}"), AS_SOURCE_IS);
            }
        } else if !schema.is_empty() || !HARMLESS.contains(&name.as_str()) {
            self.find(node, &format!("`{name}(…)` reads past source() and ref()"), READ);
        }
    }

    fn date(&self) -> Option<String> {
        self.date.map(|date| date.to_string())
    }

    fn function(&mut self, node: &Json) {
        let name = lower(&node["function_name"]);
        // What stands before a function's name is a schema, or a column: `seller_city.upper()`.
        let is_plain =
            ["schema", "catalog"].iter().all(|part| !self.functions.schemas.contains(&lower(&node[*part])));
        let is_method = is_plain && !lower(&node["schema"]).is_empty();
        let count = list(&node["arguments"]).len() + usize::from(is_method);
        if CHANCE.contains(&name.as_str()) {
            let what = format!("`{name}()` is random: the same rows have to give the same result");
            self.find(node, &what, RANDOM);
        } else if KEYWORDS.split(' ').chain(CLOCKS.split(' ')).any(|clock| clock == name)
            || self.functions.changing.contains(&name)
            || name == "age" && count == 1
        {
            self.clock(node, &name);
        } else if self.functions.foreign.contains(&name) {
            let what = format!("`{name}` is no function of DuckDB itself, so what it reads is unknown");
            self.find(node, &what, "put it into a macro of queries/macros/");
        }
    }

    fn clock(&mut self, node: &Json, name: &str) {
        let what = format!("`{name}` changes from run to run: the same rows have to give the same result");
        self.find(node, &what, "`{{ reference_date }}` is the day that counts");
    }

    fn find(&mut self, node: &Json, message: &str, hint: &str) {
        // DuckDB gives `describe` and its like no place.
        let at = match node["type"].as_str() {
            Some("SHOW_REF") => {
                let sql = self.sql.to_lowercase();
                ["describe", "summarize", "show"].iter().find_map(|word| sql.find(word))
            }
            _ => position(node),
        };
        let (place, within) = (self.place)(at);
        let message = message.replace(self.allowed.seal, "");
        let problem = Problem::usage(message)
            .at(place)
            .noting(within.into_iter().collect())
            .maybe_on(self.date)
            .hint(hint);
        if self.found.iter().all(|other| other.place != problem.place || other.message != problem.message) {
            self.found.push(problem);
        }
    }
}
