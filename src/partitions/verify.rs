//! What has to hold of a partition's rows.

use anyhow::Result;
use chrono::NaiveDate;

use super::Context;
use super::plan::Task;
use super::quarantine::{self, Examples, SetAside};
use crate::catalog::{Catalog, Node};
use crate::config::{Check, Severity};
use crate::diagnose;
use crate::loss;
use crate::problem::{Kind, Problem};
use crate::sql::Select;
use crate::term;
use crate::warehouse::{SqlError, Warehouse, ident, idents};

const STAYS: &str = "the earlier partition stays";
const A_CHECK: &str = "a check is an expression over the columns of this table, such as `price >= 0`";

/// What is counted of a partition: its rows, its keys, rows without one, and those that fail each check.
pub fn counts(node: &Node) -> Vec<String> {
    let nulls: Vec<String> = node.spec.key.iter().map(|name| format!("{} is null", ident(name))).collect();
    let mut counts = vec![
        "count(*)".to_owned(),
        format!("count(distinct ({}))", idents(&node.spec.key)),
        format!("count(*) filter (where {})", nulls.join(" or ")),
    ];
    let failing = |check: &Check| format!("count(*) filter (where not ({}))", check.expression);
    counts.extend(node.spec.checks.iter().map(failing));
    counts
}

/// Key and checks, in one pass over the rows of a partition, which `query` gave; where the table's columns are `new`, that
/// the checks are conditions. Gives the number of rows, and what only warns; rows that fail join `examples`.
pub fn rows(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
    query: &Select,
    is_new: bool,
    examples: &mut Vec<Examples>,
) -> Result<(i64, Vec<String>)> {
    let key = idents(&node.spec.key);
    let items = counts(node);
    let partition = format!("from {} where reference_date = date '{}'", node.name, date);
    let sql = format!("select {} {partition}", items.join(", "));
    let read = |row: &duckdb::Row<'_>| {
        (0..items.len()).map(|at| row.get::<_, i64>(at)).collect::<duckdb::Result<Vec<i64>>>()
    };
    let counts = warehouse
        .row(&sql, &[], read)
        .map_err(|error| wrong_check(warehouse, catalog, node, date, query, error))?;
    let counts = counts.unwrap_or_else(|| vec![0; items.len()]);
    if is_new {
        check_types(warehouse, catalog, node, date)?;
    }
    if let Some(problem) = wrong_key(warehouse, &key, &partition, &counts)? {
        return Err(problem.at(catalog.templates.config_key(&node.file, "key")).on(date).into());
    }
    let mut warnings = Vec::new();
    for (check, failing) in node.spec.checks.iter().zip(&counts[3..]).filter(|(_, failing)| **failing > 0) {
        let found = quarantine::examples(warehouse, node, date, check)?;
        let example = format!("for example {}", found.named);
        examples.push(found);
        let of = term::thousands(u64::try_from(counts[0]).unwrap_or(0));
        let problem = Problem::data(format!("check failed for {failing} of {of} rows: {}", check.expression))
            .at(catalog.templates.in_config(&node.file, &check.path, 0))
            .on(date);
        if check.severity == Severity::Warn {
            warnings.push(problem.hint(example).to_string());
        } else {
            return Err(problem.hint(format!("{example}; {STAYS}")).into());
        }
    }
    Ok((counts[0], warnings))
}

/// Moves to the quarantine what checks keep out of the partition, which `query` gave.
///
/// # Errors
/// They keep out nearly all, unless that is `forced`; a check that does not work.
pub fn set_aside(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
    query: &Select,
    context: &Context<'_>,
) -> Result<Vec<SetAside>> {
    let aside = quarantine::set_aside(warehouse, node, date, context.run_id)
        .map_err(|error| wrong_check(warehouse, catalog, node, date, query, error))?;
    let gone: usize = aside.iter().map(|aside| aside.rows).sum();
    if gone == 0 || context.force {
        return Ok(aside);
    }
    let sql = format!("select count(*) from {} where reference_date = date '{date}'", node.name);
    let left: i64 = warehouse.row(&sql, &[], |row| row.get(0))?.unwrap_or(0);
    let all = gone as f64 + left as f64;
    if !loss::is_most(left, all) {
        return Ok(aside);
    }
    let rows = term::thousands(gone as u64);
    Err(Problem::data(format!("checks would keep out {rows} of {all:.0} rows"))
        .at(catalog.templates.config_key(&node.file, "checks"))
        .on(date)
        .hint(format!("severity `drop` is for a few: look at the check; `--force` builds it; {STAYS}"))
        .into())
}

/// The same of a table that is built in the database `place` for a proof: nothing is put down.
pub fn drop_rows(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
    query: &Select,
    place: &str,
) -> Result<()> {
    let table = format!("{place}.{}", node.name);
    let dropped = quarantine::drop_rows(warehouse, node, date, &table);
    Ok(dropped.map_err(|error| wrong_check(warehouse, catalog, node, date, query, error))?)
}

/// Rows without a key, or with the key of another one. `counts` are rows, keys, and rows without one.
fn wrong_key(warehouse: &Warehouse, key: &str, partition: &str, counts: &[i64]) -> Result<Option<Problem>> {
    let (rows, keys, empty) = (counts[0], counts[1], counts[2]);
    if empty > 0 {
        let what = format!("{empty} of {rows} rows have no key ({key})");
        return Ok(Some(Problem::data(what).hint(STAYS)));
    }
    if keys == rows {
        return Ok(None);
    }
    let sql = format!(
        "select {key}, count(*) {partition} group by {key} having count(*) > 1 order by {key} limit 3"
    );
    let what = format!("the key ({key}) is not unique: {rows} rows, {keys} keys");
    let hint = format!("for example {}; {STAYS}", example_rows(warehouse, &sql)?);
    Ok(Some(Problem::data(what).hint(hint)))
}

/// DuckDB takes any number but 0 for true.
fn check_types(warehouse: &Warehouse, catalog: &Catalog, node: &Node, date: NaiveDate) -> Result<()> {
    let checks = &node.spec.checks;
    let items: Vec<String> = checks.iter().map(|check| format!("({})", check.expression)).collect();
    let types = match &items[..] {
        [] => Vec::new(),
        items => {
            warehouse.describe(&Select::of(&format!("select {} from {}", items.join(", "), node.name))?)?
        }
    };
    let Some((check, (_, other))) = checks.iter().zip(types).find(|(_, (_, of))| of != "BOOLEAN") else {
        return Ok(());
    };
    Err(Problem::usage(format!("this check is no condition: it gives {}", other.replace('"', "")))
        .at(catalog.templates.in_config(&node.file, &check.path, 0))
        .on(date)
        .hint(A_CHECK)
        .into())
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
    let Some(usual) = task.usual_rows.filter(|usual| loss::is_most(rows, *usual)) else {
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
    let rows = warehouse.arrow(sql)?.texts();
    Ok(rows.iter().map(|cells| cells.join(" ")).collect::<Vec<_>>().join(", "))
}

/// Finds the check that DuckDB could not compute, one by one: this is rare and may be slow. The failed transaction is
/// over, so another connection computes the rows again.
fn wrong_check(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    date: NaiveDate,
    query: &Select,
    error: SqlError,
) -> Problem {
    const HEAD: &str = "select count(*) filter (where not (";
    let other = warehouse.another().ok();
    let sql = |expression| query.computing(HEAD, expression, "))");
    let failure = |expression| {
        other.as_ref().and_then(|other| other.rows(sql(expression).as_str(), &[], |_| Ok(())).err())
    };
    let found = node.spec.checks.iter().find_map(|check| Some((check, failure(&check.expression)?)));
    let (place, error, kind) = match found {
        Some((check, own)) => {
            let kind = diagnose::kind(warehouse, sql(&check.expression).as_str(), &own);
            let own = own.shifted(HEAD.len());
            let place = catalog.templates.in_config(&node.file, &check.path, own.position.unwrap_or(0));
            (place, own, kind)
        }
        None => (catalog.templates.config_key(&node.file, "checks"), error, Kind::Usage),
    };
    let advice = diagnose::advice(warehouse, "", &error, &[]);
    let problem = Problem::usage(format!("a check does not work: {}", advice.message));
    Problem { kind, ..problem }.at(place).on(date).hint(A_CHECK).maybe_hint(advice.hint)
}
