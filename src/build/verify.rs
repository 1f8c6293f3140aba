//! What has to hold of a partition's columns and rows.

use anyhow::Result;
use chrono::NaiveDate;

use super::plan::Task;
use super::{Catalog, Node};
use crate::problem::{Place, Problem};
use crate::spec::Severity;
use crate::template::Rendered;
use crate::term;
use crate::warehouse::{SqlError, Warehouse, ident, idents};

/// Of fewer rows than these, a tenth says nothing.
const FEWEST: f64 = 100.0;
/// Of the rows that the last dates had.
const SMALLEST_SHARE: f64 = 0.1;

/// The columns that config promises, each once.
///
/// # Errors
/// The first that is missing, or there twice.
pub fn columns(
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
        return Err(Problem::usage(message)
            .at(catalog.templates.last_mention(&node.file, &name))
            .on(date)
            .into());
    }
    Ok(())
}

/// The key of the config that promises column `name`.
fn promise(node: &Node, name: &str) -> String {
    match node.spec.key.iter().position(|key| key == name) {
        Some(at) if node.spec.label.as_deref() != Some(name) => format!("key.{at}"),
        _ => "label".to_owned(),
    }
}

/// Columns without a text, and texts without a column, with the line to mend.
pub fn undocumented(catalog: &Catalog, node: &Node, shape: &[(String, String)]) -> Vec<String> {
    let own = |name: &str| name == "reference_date" || node.spec.key.iter().any(|key| key == name);
    let shown = |message: String, place: Place| format!("{message}\n  --> {}:{}", place.file, place.line);
    let mut notes = Vec::new();
    for (name, _) in shape.iter().filter(|(name, _)| !own(name) && node.spec.describes(name).is_none()) {
        let message = format!("{}: column `{name}` has no description in config(columns = …)", node.file);
        notes.push(shown(message, catalog.templates.last_mention(&node.file, name)));
    }
    for (pattern, _) in &node.spec.columns {
        if !shape.iter().any(|(name, _)| crate::spec::matches_family(pattern, name)) {
            let message = format!(
                "{}: config(columns = …) describes `{pattern}`, which the query does not return",
                node.file
            );
            notes.push(shown(
                message,
                catalog.templates.config_key(&node.file, &format!("columns.{pattern}")),
            ));
        }
    }
    notes
}

/// Key and checks, in one pass over the rows of a partition, which `query` gave. Gives their number, and what only warns.
///
/// # Errors
/// A key that is NULL or not unique; the first check that fails.
pub fn rows(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
    query: &str,
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
        .map_err(|error| wrong_check(warehouse, catalog, node, date, query, error))?;
    let counts = counts.unwrap_or_else(|| vec![0; count]);
    let place = |key: &str| catalog.templates.config_key(&node.file, key);
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
            .at(catalog.templates.in_config(&node.file, &check.path, 0))
            .on(date);
        match check.severity {
            Severity::Fail => return Err(problem.hint(format!("for example {rows}; {stays}")).into()),
            Severity::Warn => warnings.push(problem.hint(format!("for example {rows}")).to_string()),
        }
    }
    Ok((counts[0], warnings))
}

/// A partition of which nine of ten rows are gone, beside those of the last dates.
///
/// # Errors
/// That, unless config says `row_count = 'warn'` or it is `forced`.
pub fn row_count(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    task: &Task,
    rows: i64,
    forced: bool,
) -> Result<Option<String>> {
    let few = |usual: &f64| *usual >= FEWEST && rows as f64 <= usual * SMALLEST_SHARE;
    let Some(usual) = task.usual_rows.filter(few) else {
        return Ok(None);
    };
    let rows = term::counted(usize::try_from(rows)?, "row");
    let problem =
        Problem::data(format!("{rows}, where the last dates had {usual:.0} (median of at most four)"))
            .at(catalog.templates.config_key(&node.file, "row_count"))
            .on(task.date);
    if forced || node.spec.row_count == Severity::Warn {
        return Ok(Some(problem.to_string()));
    }
    let key = idents(&node.spec.key);
    let sql = format!(
        "select {key} from {name}
         where reference_date = (select max(reference_date) from {name} where reference_date < date '{date}')
         except select {key} from {name} where reference_date = date '{date}' order by all limit 3",
        name = node.name,
        date = task.date,
    );
    let gone = match example_rows(warehouse, &sql)? {
        gone if gone.is_empty() => String::new(),
        gone => format!("gone since the last date are, for example, {gone}; "),
    };
    Err(problem
        .hint(format!(
            "{gone}the earlier partition stays. If it is right, `olist run --date {} --select {} --force` builds it",
            task.date, node.name
        ))
        .into())
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

/// Finds the check that DuckDB could not compute, one by one: this is rare and may be slow. The failed transaction is
/// over, so another connection computes the rows again.
fn wrong_check(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
    query: &str,
    error: SqlError,
) -> Problem {
    const HEAD: &str = "select count(*) filter (where not (";
    let other = warehouse.another().ok();
    let failure = |expression: &str| {
        let sql = format!("{HEAD}{expression})) from (\n{query}\n) as q");
        other.as_ref().and_then(|other| other.rows(&sql, &[], |_| Ok(())).err())
    };
    let found = node.spec.checks.iter().find_map(|check| Some((check, failure(&check.expression)?)));
    let (place, error) = match found {
        Some((check, own)) => {
            let own = own.shifted(HEAD.len());
            (catalog.templates.in_config(&node.file, &check.path, own.position.unwrap_or(0)), own)
        }
        None => (catalog.templates.config_key(&node.file, "checks"), error),
    };
    Problem::usage(format!("a check does not work: {}", error.headline()))
        .at(place)
        .on(date)
        .hint("a check is an expression over the columns of this table")
        .maybe_hint(error.advice())
}
