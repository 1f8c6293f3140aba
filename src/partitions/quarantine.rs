//! Rows that fail a check: those that are kept out of a partition, and examples of the others, in `pipeline.quarantine`.

use anyhow::Result;

use super::partition::Partition;
use crate::config::{Check, Severity};
use crate::sql::tree;
use crate::warehouse::{SqlError, idents, joined, text};

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

impl Partition<'_> {
    /// The checks that keep rows out.
    fn dropping(&self) -> impl Iterator<Item = &Check> {
        self.node.spec.checks.iter().filter(|check| check.severity == Severity::Drop)
    }

    /// The condition of a row that fails `check`.
    fn failing(self, check: &Check) -> String {
        format!("reference_date = date '{}' and not ({})", self.date, check.expression)
    }

    /// Moves what checks keep out of it to the quarantine, in the transaction of the partition. A row that fails several is
    /// there for the first of them.
    pub fn quarantine(self, run_id: &str) -> Result<Vec<SetAside>, SqlError> {
        let mut aside = Vec::new();
        for check in self.dropping() {
            let (table, expression) = (&self.node.name, check.expression.as_str());
            let rows = self.warehouse.execute(
                &format!(
                    "insert into pipeline.quarantine
                     select {}, date '{}', {}, {}, to_json(q)::varchar, {}, now()::timestamp from {table} as q where {}",
                    text(table),
                    self.date,
                    text(expression),
                    text(Severity::Drop.name()),
                    text(run_id),
                    self.failing(check)
                ),
                &[],
            )?;
            if rows > 0 {
                self.delete(table, check)?;
                aside.push(SetAside { table: table.clone(), check: expression.to_owned(), rows });
            }
        }
        Ok(aside)
    }

    /// Takes out of `table`, which is made as it is, what checks keep out.
    pub fn drop_from(self, table: &str) -> Result<(), SqlError> {
        self.dropping().try_for_each(|check| self.delete(table, check))
    }

    fn delete(self, table: &str, check: &Check) -> Result<(), SqlError> {
        self.warehouse.batch(&format!("delete from {table} where {}", self.failing(check)))
    }

    /// The first rows, by key, that fail `check`.
    pub fn examples(self, check: &Check) -> Result<Examples> {
        let key = &self.node.spec.key;
        let tree = tree::parse(&format!("select ({})", check.expression))?;
        let said = tree::column_names(&tree);
        let is_said =
            |name: &String| !key.contains(name) && said.iter().any(|other| other.eq_ignore_ascii_case(name));
        let columns = self.warehouse.shape(&self.node.name)?.into_iter().map(|(name, _)| name);
        let columns: Vec<String> = columns.filter(is_said).collect();
        let sql = format!(
            "select {}, to_json(q)::varchar from {} as q where {} order by {} limit {EXAMPLES}",
            idents(&[&key[..], &columns].concat()),
            self.node.name,
            self.failing(check),
            idents(key)
        );
        let (mut rows, mut named) = (Vec::new(), Vec::new());
        for mut cells in self.warehouse.arrow(&sql)?.texts() {
            rows.extend(cells.pop());
            let values = cells.split_off(key.len());
            let said = columns.iter().zip(&values).map(|(name, value)| match value.as_str() {
                "" => format!("{name} NULL"),
                value => format!("{name} {value}"),
            });
            let said = if values.is_empty() { String::new() } else { format!(" ({})", joined(said, ", ")) };
            named.push(format!("{}{said}", cells.join(" ")));
        }
        named.truncate(NAMED);
        let (check, severity) = (check.expression.to_string(), check.severity);
        Ok(Examples { check, severity, named: named.join(", "), rows })
    }

    /// Puts examples down.
    pub fn keep(self, examples: &[Examples], run_id: &str) -> Result<()> {
        for Examples { check, severity, rows, .. } in examples {
            for row in rows {
                self.warehouse.execute(
                    "insert into pipeline.quarantine values (?, ?, ?, ?, ?, ?, now()::timestamp)",
                    &[&self.node.name, &self.date, check, &severity.name(), row, &run_id],
                )?;
            }
        }
        Ok(())
    }

    /// As `keep`, where a check failed the partition: what rows of the earlier one were set aside for stays.
    pub fn keep_failed(self, examples: &[Examples], run_id: &str) -> Result<()> {
        self.warehouse.execute(
            "delete from pipeline.quarantine where table_name = ? and reference_date = ? and severity = ?",
            &[&self.node.name, &self.date, &Severity::Fail.name()],
        )?;
        self.keep(examples, run_id)
    }
}
