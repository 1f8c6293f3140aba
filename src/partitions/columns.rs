//! What has to hold of a partition's columns.

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Node};
use crate::problem::{Place, Problem, nearest};
use crate::sql::given;
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
    let own = shape.iter().any(|(name, _)| is_renamed(name)).then(|| warehouse.describe(&rendered.sql));
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
        let given = given(&rendered.sql, &name);
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
    let named = given(&rendered.sql, name).named.last().copied();
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

/// Columns without a text, and texts without a column, with the line to mend.
pub fn undocumented(
    catalog: &Catalog,
    node: &Node,
    rendered: &Rendered,
    date: NaiveDate,
    shape: &[(String, String)],
) -> Vec<String> {
    let own = |name: &str| name == "reference_date" || node.spec.key.iter().any(|key| key == name);
    let mut problems = Vec::new();
    for (name, _) in shape.iter().filter(|(name, _)| !own(name) && node.spec.describes(name).is_none()) {
        let problem = Problem::data(format!("column `{name}` has no description in config(columns = …)"))
            .at(column_place(catalog, node, rendered, name));
        problems.push(problem);
    }
    for (pattern, _) in &node.spec.columns {
        if !shape.iter().any(|(name, _)| crate::config::matches_family(pattern, name)) {
            let message =
                format!("config(columns = …) describes `{pattern}`, which the query does not return");
            let names: Vec<&str> = shape.iter().map(|(name, _)| name.as_str()).collect();
            let near = nearest(pattern, names).map(|near| format!("did you mean `{near}`?"));
            let place = catalog.templates.config_key(&node.file, &format!("columns.{pattern}"));
            problems.push(Problem::data(message).at(place).maybe_hint(near));
        }
    }
    problems.into_iter().map(|problem| problem.on(date).to_string()).collect()
}
