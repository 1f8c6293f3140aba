//! What has to hold of a partition's columns and rows.

use anyhow::Result;
use chrono::NaiveDate;

use super::{Catalog, Node};
use crate::problem::Problem;
use crate::spec::Severity;
use crate::term;
use crate::warehouse::{Warehouse, ident, idents};

/// The columns that config promises, each once.
///
/// # Errors
/// The first that is missing, or there twice.
pub fn columns(catalog: &Catalog, node: &Node, date: NaiveDate, shape: &[(String, String)]) -> Result<()> {
    let has = |name: &str| shape.iter().any(|(column, _)| column.eq_ignore_ascii_case(name));
    let mut needed: Vec<&str> = node.spec.key.iter().map(String::as_str).collect();
    if let Some(label) = &node.spec.label {
        needed.extend([label.as_str(), "label_known_on"]);
    }
    for name in needed {
        if !has(name) {
            return Err(Problem::usage(format!("the query does not return `{name}`, which config promises"))
                .at(catalog.templates.place(&node.file, name))
                .on(date)
                .into());
        }
    }
    let twice =
        shape.iter().enumerate().find(|(at, (name, _))| shape[..*at].iter().any(|(other, _)| other == name));
    if let Some((_, (name, _))) = twice {
        let message = if name == "reference_date" {
            "the query returns `reference_date`: olist puts it in front by itself".to_owned()
        } else {
            format!("the query returns two columns `{name}`")
        };
        return Err(Problem::usage(message).at(catalog.templates.place(&node.file, name)).on(date).into());
    }
    Ok(())
}

/// Columns without a text, and texts without a column.
pub fn undocumented(node: &Node, shape: &[(String, String)]) -> Vec<String> {
    let own = |name: &str| name == "reference_date" || node.spec.key.iter().any(|key| key == name);
    let mut notes: Vec<String> = shape
        .iter()
        .filter(|(name, _)| !own(name) && node.spec.describes(name).is_none())
        .map(|(name, _)| format!("{}: column `{name}` has no description in config(columns = …)", node.file))
        .collect();
    for (pattern, _) in &node.spec.columns {
        if !shape.iter().any(|(name, _)| crate::spec::matches_family(pattern, name)) {
            notes.push(format!(
                "{}: config(columns = …) describes `{pattern}`, which the query does not return",
                node.file
            ));
        }
    }
    notes
}

/// Key and checks, in one pass over the rows of a partition. Gives their number, and what only warns.
///
/// # Errors
/// A key that is NULL or not unique; the first check that fails.
pub fn rows(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
) -> Result<(i64, Vec<String>)> {
    let key = idents(&node.spec.key);
    let nulls =
        node.spec.key.iter().map(|name| format!("{} is null", ident(name))).collect::<Vec<_>>().join(" or ");
    let mut counts = vec![
        "count(*)".to_owned(),
        format!("count(distinct ({key}))"),
        format!("count(*) filter (where {nulls})"),
    ];
    counts.extend(
        node.spec.checks.iter().map(|check| format!("count(*) filter (where not ({}))", check.expression)),
    );
    let partition = format!("from {} where reference_date = date '{}'", node.name, date);
    let sql = format!("select {} {partition}", counts.join(", "));
    let count = 3 + node.spec.checks.len();
    let read = |row: &duckdb::Row<'_>| {
        (0..count).map(|at| row.get::<_, i64>(at)).collect::<duckdb::Result<Vec<i64>>>()
    };
    let counts = warehouse
        .row(&sql, &[], read)
        .map_err(|error| wrong_check(warehouse, catalog, node, date, &error))?;
    let counts = counts.unwrap_or_else(|| vec![0; count]);
    let place = |word: &str| catalog.templates.place(&node.file, word);
    let stays = "the earlier partition stays";
    if counts[2] > 0 {
        return Err(Problem::data(format!("{} of {} rows have no key ({key})", counts[2], counts[0]))
            .at(place("key"))
            .on(date)
            .hint(stays)
            .into());
    }
    if counts[1] < counts[0] {
        let sql = format!(
            "select {key}, count(*) {partition} group by {key} having count(*) > 1 order by {key} limit 3"
        );
        let rows = example_rows(warehouse, &sql)?;
        return Err(Problem::data(format!(
            "the key ({key}) is not unique: {} rows, {} keys",
            counts[0], counts[1]
        ))
        .at(place("key"))
        .on(date)
        .hint(format!("for example {rows}; {stays}"))
        .into());
    }
    let mut warnings = Vec::new();
    for (check, failing) in node.spec.checks.iter().zip(&counts[3..]).filter(|(_, failing)| **failing > 0) {
        let sql = format!("select {key} {partition} and not ({}) order by {key} limit 3", check.expression);
        let rows = example_rows(warehouse, &sql)?;
        let of = term::thousands(u64::try_from(counts[0]).unwrap_or(0));
        let problem = Problem::data(format!("check failed for {failing} of {of} rows: {}", check.expression))
            .at(catalog.templates.place(&node.file, &check.expression))
            .on(date);
        match check.severity {
            Severity::Fail => return Err(problem.hint(format!("for example {rows}; {stays}")).into()),
            Severity::Warn => warnings.push(problem.hint(format!("for example {rows}")).to_string()),
        }
    }
    Ok((counts[0], warnings))
}

fn example_rows(warehouse: &Warehouse, sql: &str) -> Result<String> {
    let batches = warehouse.arrow(sql)?;
    let mut rows = Vec::new();
    for batch in &batches.batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| crate::warehouse::cell_text(column, row));
            rows.push(cells.collect::<Vec<_>>().join(" "));
        }
    }
    Ok(rows.join(", "))
}

/// Finds the check that DuckDB could not read, one by one: this is rare and may be slow.
fn wrong_check(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
    error: &crate::warehouse::SqlError,
) -> Problem {
    let is_wrong = |expression: &str| {
        warehouse
            .describe(&format!("select count(*) filter (where not ({expression})) from {}", node.name))
            .is_err()
    };
    let wrong = node.spec.checks.iter().find(|check| is_wrong(&check.expression));
    let word = wrong.map_or("checks", |check| check.expression.as_str());
    Problem::usage(format!("a check does not work: {}", error.headline()))
        .at(catalog.templates.place(&node.file, word))
        .on(date)
        .hint("a check is an expression over the columns of this table")
}
