//! What has to hold of a partition's columns.

use anyhow::Result;
use chrono::NaiveDate;

use super::texts;
use crate::catalog::{Catalog, Node};
use crate::diagnose::items;
use crate::problem::{Place, Problem};
use crate::template::{Kind, Rendered};
use crate::warehouse::Warehouse;

/// The columns that config promises, each once.
pub fn verify(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    rendered: &Rendered,
    date: NaiveDate,
    shape: &[(String, String)],
) -> Result<()> {
    let has = |name: &str| shape.iter().any(|(column, _)| column.eq_ignore_ascii_case(name));
    let mut needed: Vec<&str> = node.spec.key.iter().map(String::as_str).collect();
    if let Some(label) = &node.spec.label {
        needed.extend([label.as_str(), "label_known_on"]);
    }
    for name in needed {
        if !has(name) {
            return Err(Problem::usage(format!("the query does not return `{name}`, which config promises"))
                .at(catalog.templates.config_key(&node.file, &promise(node, name)))
                .on(date)
                .into());
        }
    }
    // DuckDB renames the second `x` of a subquery to `x_1`.
    let is_renamed = |name: &str| name.rsplit_once('_').is_some_and(|(first, _)| has(first));
    let own = shape.iter().any(|(name, _)| is_renamed(name)).then(|| warehouse.describe(&rendered.select()?));
    let own = own.and_then(std::result::Result::ok).unwrap_or_default();
    let again = |of: &[(String, String)]| {
        let first =
            |at: usize, name: &str| of[..at].iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        of.iter().enumerate().find(|(at, (name, _))| first(*at, name)).map(|(_, (name, _))| name.clone())
    };
    let twice = again(&own).or_else(|| again(shape));
    if let Some(name) = twice {
        let message = if name == "reference_date" {
            "the query returns `reference_date`: olist puts it in front by itself".to_owned()
        } else {
            format!("the query returns two columns `{name}`")
        };
        let given = items(&rendered.sql, &name);
        let at = given.named.get(1..).and_then(<[usize]>::last).or_else(|| given.stars.last());
        let place = at.and_then(|at| catalog.templates.locate(rendered, *at)).map(|located| located.place);
        return Err(Problem::usage(message)
            .at(place.unwrap_or_else(|| catalog.templates.last_mention(&node.file, &name)))
            .on(date)
            .hint("`exclude (…)` behind a `*` leaves columns out; `as` gives one another name")
            .into());
    }
    label_types(catalog, node, rendered, date, shape)
}

/// A label is a number, and known from a day on: what is put around the query compares the one, and models learn the other.
fn label_types(
    catalog: &Catalog,
    node: &Node,
    rendered: &Rendered,
    date: NaiveDate,
    shape: &[(String, String)],
) -> Result<()> {
    let Some(label) = node.spec.label.as_deref().filter(|_| node.kind == Kind::Abt) else { return Ok(()) };
    let wanted: [(&str, &[&str], &str); 2] = [
        ("label_known_on", &["DATE", "TIMESTAMP"], "a date: the day on which the row's label is settled"),
        (
            label,
            &[
                "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U", "FLOAT", "DOUBLE",
                "DECIMAL",
            ],
            "a number: 1 where it happened, 0 where it did not",
        ),
    ];
    for (name, types, what) in wanted {
        let found = shape.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        let Some((_, other)) = found.filter(|(_, of)| !types.iter().any(|start| of.starts_with(start)))
        else {
            continue;
        };
        return Err(Problem::usage(format!("`{name}` is {other}"))
            .at(column_place(catalog, node, rendered, name))
            .on(date)
            .hint(format!("it has to be {what}"))
            .into());
    }
    Ok(())
}

/// The item of the SELECT that gives column `name`.
pub fn column_place(catalog: &Catalog, node: &Node, rendered: &Rendered, name: &str) -> Place {
    let named = items(&rendered.sql, name).named.last().copied();
    let located = named.and_then(|at| catalog.templates.locate(rendered, at));
    located.map_or_else(|| catalog.templates.last_mention(&node.file, name), |located| located.place)
}

/// The key of the config that promises column `name`.
fn promise(node: &Node, name: &str) -> String {
    match node.spec.key.iter().position(|key| key == name) {
        Some(at) if node.spec.label.as_deref() != Some(name) => format!("key.{at}"),
        _ => "label".to_owned(),
    }
}

/// Columns without a text, with the line to mend.
pub fn undocumented(
    catalog: &Catalog,
    node: &Node,
    texts: &texts::Columns,
    date: NaiveDate,
) -> Result<Vec<String>> {
    let is_silent = |(name, text): &(String, Option<texts::Text>)| {
        text.is_none() && !node.spec.key.contains(name) && !node.spec.is_intermediate
    };
    let silent: Vec<&String> =
        texts.iter().filter(|column| is_silent(column)).map(|(name, _)| name).collect();
    if silent.is_empty() {
        return Ok(Vec::new());
    }
    let rendered = catalog.render(&node.name, date)?;
    let problem = |name: &String| {
        Problem::data(format!("column `{name}` has no text"))
            .at(column_place(catalog, node, &rendered, name))
            .on(date)
            .hint(format!("say what it is in a comment behind it: `… as {name},  -- What it is`"))
            .to_string()
    };
    Ok(silent.into_iter().map(problem).collect())
}
