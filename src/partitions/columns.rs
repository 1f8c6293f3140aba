//! What has to hold of a partition's columns.

use anyhow::Result;
use chrono::NaiveDate;

use super::texts;
use crate::catalog::{Catalog, Node};
use crate::diagnose::{Twice, items, twice};
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
    once(warehouse, catalog, node, rendered, date, shape)?;
    label_types(catalog, node, rendered, date, shape)
}

/// No name is given twice, and none is that of the date.
fn once(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    rendered: &Rendered,
    date: NaiveDate,
    shape: &[(String, String)],
) -> Result<()> {
    let templates = &catalog.templates;
    let count = |name: &str| shape.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count();
    let repeated = shape.iter().map(|(name, _)| name.as_str()).find(|name| count(name) > 1);
    // DuckDB renames the second `x` to `x_1` where something is put around the query.
    let renamed = shape.iter().filter_map(|(name, _)| name.rsplit_once('_'));
    let renamed = renamed.filter(|(first, number)| count(first) > 0 && number.parse::<u32>().is_ok());
    let suspects: Vec<&str> = renamed.map(|(first, _)| first).chain(repeated).collect();
    if suspects.is_empty() {
        return Ok(());
    }
    let database = warehouse.row("select current_database()", &[], |row| row.get::<_, String>(0))?;
    let other = warehouse.another()?;
    other.batch(&format!("use {}", database.unwrap_or_default()))?;
    let of_shape = || Some(Twice { name: repeated?.to_owned(), givers: Vec::new() });
    let Some(Twice { name, givers }) = twice(&other, &rendered.sql, &suspects).or_else(of_shape) else {
        return Ok(());
    };
    let message = match &givers[..] {
        _ if name == "reference_date" => {
            "the query returns `reference_date`: olist puts it in front by itself".to_owned()
        }
        [Some((_, first)), Some((_, second))] if !first.is_empty() && !second.is_empty() => {
            format!("the query returns two columns `{name}`: of `{first}` and of `{second}`")
        }
        _ => format!("the query returns two columns `{name}`"),
    };
    // The `*` that gives the last of them, or the name behind it.
    let given = items(&rendered.sql, &name);
    let star = givers.last().and_then(Option::as_ref).map(|(at, _)| at);
    let at = star.or(given.named.last()).or(given.stars.last()).copied();
    let place = at.map(|at| templates.locate(rendered, at).place);
    Err(Problem::usage(message)
        .at(place.unwrap_or_else(|| templates.last_mention(&node.file, &name)))
        .on(date)
        .hint("`exclude (…)` behind a `*` leaves columns out; `as` gives one another name")
        .into())
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
    let given = items(&rendered.sql, name);
    let located = |at: Option<&usize>| Some(catalog.templates.locate(rendered, *at?).place);
    let named = located(given.named.last());
    let mentioned = || Some(catalog.templates.last_mention(&node.file, name)).filter(|place| place.line > 1);
    // Else one of the `*`, of which the last may as well be it.
    let place = named.or_else(mentioned).or_else(|| located(given.stars.last()));
    place.unwrap_or_else(|| catalog.templates.place(&node.file, name))
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
