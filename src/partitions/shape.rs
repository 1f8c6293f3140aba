//! The columns of a table follow the analyst's query.

use std::fmt;

use anyhow::Result;

use crate::warehouse::{Warehouse, ident, joined};

/// How a table's columns changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub table: String,
    pub is_new: bool,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub retyped: Vec<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.table)?;
        if self.is_new {
            return write!(f, "new table, {} columns", self.added.len());
        }
        let list = |what: &str, names: &[String]| {
            let plural = if names.len() == 1 { "" } else { "s" };
            (!names.is_empty()).then(|| format!("{what} column{plural} {}", names.join(", ")))
        };
        let parts =
            [list("new", &self.added), list("removed", &self.removed), list("retyped", &self.retyped)];
        write!(f, "{}", parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

/// Creates or alters table `name` so that it takes rows of `shape`. Runs inside the partition's transaction.
///
/// Dates that are not rebuilt yet hold NULL in a new column; the ledger knows them as stale.
pub fn fit(warehouse: &Warehouse, name: &str, shape: &[(String, String)]) -> Result<Option<Change>> {
    let mut change = Change { table: name.to_owned(), ..Change::default() };
    let present = warehouse.columns(name)?;
    if present.is_empty() {
        let columns = shape.iter().map(|(column, sql_type)| format!("{} {sql_type}", ident(column)));
        warehouse.batch(&format!("create table {name} ({})", joined(columns, ", ")))?;
        let added = shape.iter().map(|(column, _)| column.clone()).collect();
        return Ok(Some(Change { is_new: true, added, ..change }));
    }
    for (column, sql_type) in shape {
        let quoted = ident(column);
        match present.iter().find(|(other, _)| other == column) {
            None => {
                warehouse.batch(&format!("alter table {name} add column {quoted} {sql_type}"))?;
                change.added.push(column.clone());
            }
            Some((_, before)) if before != sql_type => {
                // The old values belong to the old definition; where they do not fit, they go.
                warehouse.batch(&format!(
                    "alter table {name} alter column {quoted} type {sql_type} using try_cast({quoted} as {sql_type})"
                ))?;
                change.retyped.push(format!("{column} ({before} to {sql_type})"));
            }
            Some(_) => {}
        }
    }
    for (column, _) in present.iter().filter(|(column, _)| !shape.iter().any(|(other, _)| other == column)) {
        warehouse.batch(&format!("alter table {name} drop column {}", ident(column)))?;
        change.removed.push(column.clone());
    }
    let Change { added, removed, retyped, .. } = &change;
    let is_same = added.is_empty() && removed.is_empty() && retyped.is_empty();
    Ok((!is_same).then_some(change))
}
