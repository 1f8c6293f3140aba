//! What is known of a version, for its page.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::learn::Metric;
use crate::output::strict;
use crate::registry::{Version, whole};
use crate::warehouse::{Warehouse, idents, text};

/// Queries whose rows the page shows under their names. Of a model that predicts:
const PREDICTING: [(&str, &str); 8] = [
    ("mean", include_str!("sql/mean.sql")),
    ("months", include_str!("sql/months.sql")),
    ("settled", include_str!("sql/settled.sql")),
    ("curves", include_str!("sql/curves.sql")),
    ("tenths", include_str!("sql/tenths.sql")),
    ("inputs", include_str!("sql/inputs.sql")),
    ("drifts", include_str!("sql/drifts.sql")),
    ("drift", include_str!("sql/drift.sql")),
];
const ABOUT: &str = include_str!("sql/about.sql");
const RULE: &str = include_str!("sql/rule.sql");
const REIGNS: &str = include_str!("sql/reigns.sql");
/// Of the lists, where there are some.
const TOP: &str = include_str!("sql/top.sql");
const MONEY: &str = include_str!("sql/money.sql");
/// Of segments.
const GROUPS: &str = include_str!("sql/groups.sql");
const SIZES: &str = include_str!("sql/sizes.sql");
const MOVES: &str = include_str!("sql/moves.sql");

/// Names of what is one row, or none, rather than many.
const ONE: [&str; 8] = ["mean", "months", "settled", "curves", "tenths", "drifts", "money", "sizes"];

/// A version and what its queries are about.
struct Facts<'a> {
    warehouse: &'a Warehouse,
    /// What stands for the names in braces of a query.
    names: Vec<(&'static str, String)>,
    found: Map<String, Value>,
}

/// All that the page says, by name.
pub fn of(warehouse: &Warehouse, version: &Version) -> Result<Value> {
    let whole = whole::of(warehouse, version)?;
    let word = |name: &str| text(whole[name].as_str().unwrap_or_default());
    let scores = format!("scores.{}", version.model);
    let names = vec![
        ("model", text(&version.model)),
        ("version", version.number.to_string()),
        ("candidate", word("candidate")),
        ("metric", word("metric")),
        ("key", idents(&key_of(warehouse, &scores)?)),
        ("profile", format!("{scores}_profile")),
        ("scores", scores),
    ];
    let mut facts = Facts { warehouse, names, found: Map::new() };
    let about = facts.rows(ABOUT)?.remove(0);
    let is_grouping = about["is_grouping"] == true;
    if is_grouping {
        facts.segments()?;
    } else {
        facts.predictions(&whole)?;
    }
    let recipe = version.recipe()?;
    let rows = facts.rows(REIGNS)?;
    let mut found = facts.found;
    found.extend([
        ("model".to_owned(), json!(version.model)),
        ("is_synthetic".to_owned(), about["is_synthetic"].clone()),
        ("about".to_owned(), about),
        ("tool_version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
        ("settings".to_owned(), json!(serde_json::to_string(&recipe.parts)?)),
        ("expression".to_owned(), json!(recipe.rule().map(ToString::to_string))),
        ("candidates".to_owned(), whole["out_of_time"].clone()),
        ("reigns".to_owned(), json!(rows)),
        ("version".to_owned(), whole),
    ]);
    Ok(Value::Object(found))
}

impl Facts<'_> {
    fn predictions(&mut self, whole: &Value) -> Result<()> {
        let mut rule = self.rows(RULE)?.into_iter().next().unwrap_or_default();
        rule["verdict"] = json!(verdict(&rule, whole["metric"].as_str().unwrap_or_default()));
        self.names.push(("rule", text(rule["rule"].as_str().unwrap_or_default())));
        let has_rule = rule["rule"].is_string();
        self.found.insert("rule".to_owned(), if has_rule { rule } else { Value::Null });
        for (name, sql) in PREDICTING {
            self.find(name, sql)?;
        }
        let (has_list, has_stake) = (self.has("scores", "score")?, self.has("scores", "stake_brl")?);
        self.find_if(has_list, "top", TOP)?;
        self.find_if(has_stake, "money", MONEY)
    }

    fn segments(&mut self) -> Result<()> {
        let is_scored = self.has("profile", "segment")?;
        self.find_if(is_scored, "groups", GROUPS)?;
        self.find_if(is_scored, "sizes", SIZES)?;
        self.find_if(is_scored, "moves", MOVES)
    }

    fn find(&mut self, name: &str, sql: &str) -> Result<()> {
        let rows = self.rows(sql)?;
        let is_one = ONE.contains(&name);
        let found = if is_one { rows.into_iter().next().unwrap_or_default() } else { json!(rows) };
        self.found.insert(name.to_owned(), found);
        Ok(())
    }

    fn find_if(&mut self, is_there: bool, name: &str, sql: &str) -> Result<()> {
        if is_there {
            return self.find(name, sql);
        }
        self.found.insert(name.to_owned(), Value::Null);
        Ok(())
    }

    /// Whether the table that a name stands for has a column.
    fn has(&self, name: &str, column: &str) -> Result<bool> {
        let (_, table) =
            self.names.iter().find(|(other, _)| *other == name).context("a table of the page")?;
        Ok(self.warehouse.columns(table)?.iter().any(|(other, _)| other == column))
    }

    fn rows(&self, sql: &str) -> Result<Vec<Value>> {
        let named = self
            .names
            .iter()
            .fold(sql.to_owned(), |sql, (name, value)| sql.replace(&format!("{{{name}}}"), value));
        let sql = format!("select to_json(q)::varchar from (\n{named}) as q");
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
