//! Model cards (Mitchell and others, Model cards for model reporting, 2019): a page on one version, of what the database
//! keeps of it and of its lists. Nothing is trained or scored for it.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use crate::learn::Metric;
use crate::output::strict;
use crate::page::{self, Lang, Page};
use crate::registry::{Version, whole};
use crate::warehouse::{Warehouse, idents, text};

/// The page on a version, and its charts. Inputs are links to the page `docs` of tables and columns, where it is named.
pub fn of(warehouse: &Warehouse, version: &Version, lang: Lang, docs: Option<&str>) -> Result<Page> {
    let mut facts = facts(warehouse, version)?;
    facts["docs"] = docs.into();
    page::render("model.html.jinja", lang, &facts)
}

/// A query of the page: its name, whether it gives one row at most, and the table and column without which it has nothing
/// to say.
type Query = (&'static str, bool, Option<(&'static str, &'static str)>, &'static str);

const ABOUT: &str = include_str!("sql/about.sql");
const RULE: &str = include_str!("sql/rule.sql");
const REIGNS: &str = include_str!("sql/reigns.sql");
/// Of a model that predicts.
const PREDICTIONS: [Query; 10] = [
    ("mean", true, None, include_str!("sql/mean.sql")),
    ("months", true, None, include_str!("sql/months.sql")),
    ("settled", true, None, include_str!("sql/settled.sql")),
    ("curves", true, None, include_str!("sql/curves.sql")),
    ("tenths", true, None, include_str!("sql/tenths.sql")),
    ("inputs", false, None, include_str!("sql/inputs.sql")),
    ("drifts", true, None, include_str!("sql/drifts.sql")),
    ("drift", false, None, include_str!("sql/drift.sql")),
    ("top", false, Some(("scores", "score")), include_str!("sql/top.sql")),
    ("money", true, Some(("scores", "stake_brl")), include_str!("sql/money.sql")),
];
const SEGMENTS: [Query; 3] = [
    ("groups", false, Some(("profile", "segment")), include_str!("sql/groups.sql")),
    ("sizes", true, Some(("profile", "segment")), include_str!("sql/sizes.sql")),
    ("moves", false, Some(("profile", "segment")), include_str!("sql/moves.sql")),
];

/// What stands for the names in braces of a query.
struct Names<'a> {
    warehouse: &'a Warehouse,
    names: BTreeMap<&'static str, String>,
}

/// All that the page says, by name.
fn facts(warehouse: &Warehouse, version: &Version) -> Result<Value> {
    let whole = whole::of(warehouse, version)?;
    let word = |name: &str| text(whole[name].as_str().unwrap_or_default());
    let scores = format!("scores.{}", version.model);
    let names = BTreeMap::from([
        ("model", text(&version.model)),
        ("version", version.number.to_string()),
        ("candidate", word("candidate")),
        ("metric", word("metric")),
        ("key", idents(&key_of(warehouse, &scores)?)),
        ("profile", format!("{scores}_profile")),
        ("scores", scores),
    ]);
    let mut names = Names { warehouse, names };
    let about = names.rows(ABOUT)?.remove(0);
    let recipe = version.recipe()?;
    let mut found = json!({
        "model": version.model,
        "is_synthetic": about["is_synthetic"],
        "tool_version": env!("CARGO_PKG_VERSION"),
        "settings": serde_json::to_string(&recipe.parts)?,
        "expression": recipe.rule().map(ToString::to_string),
        "candidates": whole["out_of_time"],
        "reigns": names.rows(REIGNS)?,
    });
    let queries = if about["is_grouping"] == true {
        &SEGMENTS[..]
    } else {
        let mut rule = names.rows(RULE)?.into_iter().next().unwrap_or_default();
        names.names.insert("rule", text(rule["rule"].as_str().unwrap_or_default()));
        if rule["rule"].is_string() {
            rule["verdict"] = json!(verdict(&rule, whole["metric"].as_str().unwrap_or_default()));
            found["rule"] = rule;
        } else {
            found["rule"] = Value::Null;
        }
        &PREDICTIONS[..]
    };
    for (name, is_one, needs, sql) in queries {
        let is_there = needs.map_or(Ok(true), |(table, column)| names.have(table, column))?;
        let rows = if is_there { Some(names.rows(sql)?) } else { None };
        found[name] = match rows {
            Some(rows) if !is_one => json!(rows),
            rows => rows.into_iter().flatten().next().unwrap_or_default(),
        };
    }
    (found["about"], found["version"]) = (about, whole);
    Ok(found)
}

impl Names<'_> {
    /// Whether the table that a name stands for has a column.
    fn have(&self, name: &str, column: &str) -> Result<bool> {
        Ok(self.warehouse.columns(&self.names[name])?.iter().any(|(other, _)| other == column))
    }

    fn rows(&self, sql: &str) -> Result<Vec<Value>> {
        let named = |sql: String, (name, value): (&&str, &String)| sql.replace(&format!("{{{name}}}"), value);
        let sql = self.names.iter().fold(sql.to_owned(), named);
        let sql = format!("select to_json(q)::varchar from (\n{sql}) as q");
        let rows = self.warehouse.rows(&sql, &[], |row| row.get::<_, String>(0))?;
        rows.iter().map(|row| Ok(serde_json::from_str(&strict(row))?)).collect()
    }
}

/// The key of a score table, as [`Scores::write`](crate::score::Scores::write) lays it out: what stands between the date and
/// the score, or the segment.
fn key_of(warehouse: &Warehouse, scores: &str) -> Result<Vec<String>> {
    let columns = warehouse.columns(scores)?.into_iter().map(|(name, _)| name);
    Ok(columns.skip(1).take_while(|name| name != "score" && name != "segment").collect())
}

/// Whether the difference to the rule leaves a doubt.
fn verdict(rule: &Value, metric: &str) -> Option<&'static str> {
    let is_lower_better = Metric::parse(metric)?.higher_is_better() == Some(false);
    let (low, high) = (rule["low"].as_f64()?, rule["high"].as_f64()?);
    let (worst, best) = if is_lower_better { (-high, -low) } else { (low, high) };
    Some(match (worst, best) {
        (worst, _) if worst > 0.0 => "ahead",
        (_, best) if best < 0.0 => "behind",
        _ => "even",
    })
}
