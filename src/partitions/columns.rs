//! What has to hold of a partition's columns.

use anyhow::Result;
use chrono::NaiveDate;

use super::partition::Partition;
use super::texts;
use crate::catalog::{Catalog, Node};
use crate::diagnose::{Twice, items, twice};
use crate::problem::{Place, Problem};
use crate::template::{Kind, Rendered};

/// How the types of a label begin.
const NUMBERS: [&str; 10] =
    ["BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U", "FLOAT", "DOUBLE", "DECIMAL"];

impl Partition<'_> {
    /// The columns that config promises, each once.
    pub fn verify_columns(self, shape: &[(String, String)]) -> Result<()> {
        let spec = &self.node.spec;
        let keys = spec.key.iter().enumerate().map(|(at, name)| (name.as_str(), format!("key.{at}")));
        let label = spec.label.iter().flat_map(|label| [label.as_str(), "label_known_on"]);
        for (name, promise) in keys.chain(label.map(|name| (name, "label".to_owned()))) {
            if !shape.iter().any(|(column, _)| column.eq_ignore_ascii_case(name)) {
                let what = format!("the query does not return `{name}`, which config promises");
                return Err(Problem::usage(what).at(self.key(&promise)).on(self.date).into());
            }
        }
        self.verify_once(shape)?;
        self.verify_label_types(shape)
    }

    /// No name is given twice, and none is that of the date.
    fn verify_once(self, shape: &[(String, String)]) -> Result<()> {
        let count = |name: &str| shape.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count();
        let repeated = shape.iter().map(|(name, _)| name.as_str()).find(|name| count(name) > 1);
        // DuckDB renames the second `x` to `x_1` where something is put around the query.
        let renamed = shape.iter().filter_map(|(name, _)| name.rsplit_once('_'));
        let renamed = renamed.filter(|(first, number)| count(first) > 0 && number.parse::<u32>().is_ok());
        let suspects: Vec<&str> = renamed.map(|(first, _)| first).chain(repeated).collect();
        if suspects.is_empty() {
            return Ok(());
        }
        let database: String = self.warehouse.one("select current_database()", &[], |row| row.get(0))?;
        let other = self.warehouse.another()?;
        other.batch(&format!("use {database}"))?;
        let of_shape = || Some(Twice { name: repeated?.to_owned(), givers: Vec::new() });
        let sql = &self.rendered.sql;
        let Some(Twice { name, givers }) = twice(&other, sql, &suspects).or_else(of_shape) else {
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
        let given = items(sql, &name);
        let star = givers.last().and_then(Option::as_ref).map(|(at, _)| at);
        let at = star.or(given.named.last()).or(given.stars.last()).copied();
        let templates = &self.catalog.templates;
        let located = at.map(|at| templates.locate(self.rendered, at).place);
        let place = located.unwrap_or_else(|| templates.last_mention(&self.node.file, &name));
        let hint = "`exclude (…)` behind a `*` leaves columns out; `as` gives one another name";
        Err(Problem::usage(message).at(place).on(self.date).hint(hint).into())
    }

    /// A label is a number, and known from a day on: what is put around the query compares the one, and models learn the
    /// other.
    fn verify_label_types(self, shape: &[(String, String)]) -> Result<()> {
        let label = self.node.spec.label.as_deref().filter(|_| self.node.kind == Kind::Abt);
        let Some(label) = label else { return Ok(()) };
        let wanted: [(&str, &[&str], &str); 2] = [
            ("label_known_on", &["DATE", "TIMESTAMP"], "a date: the day on which the row's label is settled"),
            (label, &NUMBERS, "a number: 1 where it happened, 0 where it did not"),
        ];
        for (name, types, what) in wanted {
            let found = shape.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
            if let Some((_, other)) = found.filter(|(_, of)| !types.iter().any(|start| of.starts_with(start)))
            {
                let place = column_place(self.catalog, self.node, self.rendered, name);
                let problem = Problem::usage(format!("`{name}` is {other}")).at(place).on(self.date);
                return Err(problem.hint(format!("it has to be {what}")).into());
            }
        }
        Ok(())
    }
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

/// Columns without a text, with the line to mend.
pub fn undocumented(
    catalog: &Catalog,
    node: &Node,
    texts: &texts::Columns,
    date: NaiveDate,
) -> Result<Vec<String>> {
    let is_silent = |(name, text): &&(String, Option<texts::Text>)| {
        text.is_none() && !node.spec.key.contains(name) && !node.spec.is_intermediate
    };
    let problem = |(name, _): &(String, _)| {
        let rendered = catalog.render(&node.name, date)?;
        let problem = Problem::data(format!("column `{name}` has no text"))
            .at(column_place(catalog, node, &rendered, name))
            .on(date)
            .hint(format!("say what it is in a comment behind it: `… as {name},  -- What it is`"));
        Ok(problem.to_string())
    };
    texts.iter().filter(is_silent).map(problem).collect()
}
