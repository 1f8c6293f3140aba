//! Rows that fail a check: those that are kept out of a partition, and examples of the others, in `pipeline.quarantine`.

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::Node;
use crate::config::{Check, Severity};
use crate::sql::tree;
use crate::warehouse::{SqlError, Warehouse, idents, text};

/// Rows that are kept as examples of a check that does not keep them out.
const EXAMPLES: usize = 10;
/// Rows that are named in a message.
const NAMED: usize = 3;

/// Rows that were kept out because of one check.
#[derive(Debug, Clone)]
pub struct SetAside {
    pub table: String,
    pub check: String,
    pub rows: usize,
}

/// Some of the rows that fail a check which keeps none out.
pub struct Examples {
    check: String,
    severity: Severity,
    /// Key, and the values that the check is about.
    pub named: String,
    /// As JSON.
    rows: Vec<String>,
}

/// The checks of `node` that keep rows out.
fn dropping(node: &Node) -> impl Iterator<Item = &Check> {
    node.spec.checks.iter().filter(|check| check.severity == Severity::Drop)
}

fn failing(check: &Check, date: NaiveDate) -> String {
    format!("reference_date = date '{date}' and not ({})", check.expression)
}

/// Moves what checks keep out of a partition to the quarantine, in the transaction of the partition. A row that fails
/// several is there for the first of them.
pub fn set_aside(
    warehouse: &Warehouse,
    node: &Node,
    date: NaiveDate,
    run_id: &str,
) -> Result<Vec<SetAside>, SqlError> {
    let mut aside = Vec::new();
    for check in dropping(node) {
        let (table, expression) = (&node.name, check.expression.as_str());
        let rows = warehouse.execute(
            &format!(
                "insert into pipeline.quarantine
                 select {}, date '{date}', {}, {}, to_json(q)::varchar, {}, now()::timestamp from {table} as q where {}",
                text(table),
                text(expression),
                text(Severity::Drop.name()),
                text(run_id),
                failing(check, date)
            ),
            &[],
        )?;
        if rows > 0 {
            delete(warehouse, table, check, date)?;
            aside.push(SetAside { table: table.clone(), check: expression.to_owned(), rows });
        }
    }
    Ok(aside)
}

/// Takes out of `table`, which is `node`'s, what its checks keep out.
pub fn drop_rows(warehouse: &Warehouse, node: &Node, date: NaiveDate, table: &str) -> Result<(), SqlError> {
    dropping(node).try_for_each(|check| delete(warehouse, table, check, date))
}

fn delete(warehouse: &Warehouse, table: &str, check: &Check, date: NaiveDate) -> Result<(), SqlError> {
    warehouse.batch(&format!("delete from {table} where {}", failing(check, date)))
}

/// The first rows of a partition, by key, that fail `check`.
pub fn examples(warehouse: &Warehouse, node: &Node, date: NaiveDate, check: &Check) -> Result<Examples> {
    let tree = tree::parse(&format!("select ({})", check.expression))?;
    let said = tree::column_names(&tree);
    let is_said = |name: &String| {
        !node.spec.key.contains(name) && said.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    let columns: Vec<String> =
        warehouse.columns(&node.name)?.into_iter().map(|(name, _)| name).filter(is_said).collect();
    let all: Vec<String> = node.spec.key.iter().chain(&columns).cloned().collect();
    let sql = format!(
        "select {}, to_json(q)::varchar from {} as q where {} order by {} limit {EXAMPLES}",
        idents(&all),
        node.name,
        failing(check, date),
        idents(&node.spec.key)
    );
    let mut rows = Vec::new();
    let mut named = Vec::new();
    for mut cells in warehouse.arrow(&sql)?.texts() {
        rows.extend(cells.pop());
        let values = cells.split_off(node.spec.key.len());
        let values: Vec<String> =
            columns.iter().zip(values).map(|(name, value)| format!("{name} {}", or_null(value))).collect();
        let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
        named.push(format!("{}{values}", cells.join(" ")));
    }
    named.truncate(NAMED);
    let (check, severity) = (check.expression.to_string(), check.severity);
    Ok(Examples { check, severity, named: named.join(", "), rows })
}

fn or_null(value: String) -> String {
    if value.is_empty() { "NULL".to_owned() } else { value }
}

/// Puts examples down.
pub fn keep(
    warehouse: &Warehouse,
    table: &str,
    date: NaiveDate,
    examples: &[Examples],
    run_id: &str,
) -> Result<()> {
    for Examples { check, severity, rows, .. } in examples {
        for row in rows {
            warehouse.execute(
                "insert into pipeline.quarantine values (?, ?, ?, ?, ?, ?, now()::timestamp)",
                &[&table, &date, check, &severity.name(), row, &run_id],
            )?;
        }
    }
    Ok(())
}

/// As `keep`, where a check failed the partition: what rows of the earlier one were set aside for stays.
pub fn replace(
    warehouse: &Warehouse,
    table: &str,
    date: NaiveDate,
    examples: &[Examples],
    run_id: &str,
) -> Result<()> {
    warehouse.execute(
        "delete from pipeline.quarantine where table_name = ? and reference_date = ? and severity = ?",
        &[&table, &date, &Severity::Fail.name()],
    )?;
    keep(warehouse, table, date, examples, run_id)
}
