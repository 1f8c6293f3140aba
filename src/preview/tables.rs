//! A feature store or an ABT before and after: columns, rows by their key, values.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::BEFORE;
use crate::catalog::Node;
use crate::difference::{Difference, differs};
use crate::partitions::{Ledger, why};
use crate::warehouse::Warehouse;

/// Rows that are there on one side alone, or a column whose values differ.
#[derive(Serialize)]
pub struct Differing {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub rows: i64,
    pub example: String,
}

#[derive(Serialize)]
pub struct TablePreview {
    pub table: String,
    /// Why, for each date on which it is built.
    pub dates: BTreeMap<String, String>,
    /// Dates among them that were not built before.
    pub new_dates: Vec<String>,
    pub columns_added: Vec<String>,
    pub columns_removed: Vec<String>,
    /// As `column (INTEGER to DOUBLE)`.
    pub columns_retyped: Vec<String>,
    /// Rows of the dates that were built before, then and now.
    pub rows_before: i64,
    pub rows_after: i64,
    pub rows_removed: Option<Differing>,
    pub rows_added: Option<Differing>,
    pub columns_different: Vec<Differing>,
}

/// What became of a table; `None` where nothing was built of it.
pub fn of(
    warehouse: &Warehouse,
    node: &Node,
    before: &Ledger,
    after: &Ledger,
) -> Result<Option<TablePreview>> {
    let mut dates: BTreeMap<NaiveDate, String> = BTreeMap::new();
    for date in after.dates(&node.name) {
        let entry =
            after.get(&node.name, date).and_then(|entry| why(&entry.inputs, before.get(&node.name, date)));
        dates.extend(entry.map(|why| (date, why)));
    }
    if dates.is_empty() {
        return Ok(None);
    }
    let (old, new_dates): (Vec<NaiveDate>, Vec<NaiveDate>) =
        dates.keys().copied().partition(|date| before.get(&node.name, *date).is_some());
    let mut preview = TablePreview {
        table: node.name.clone(),
        dates: dates.into_iter().map(|(date, why)| (date.to_string(), why)).collect(),
        new_dates: new_dates.iter().map(ToString::to_string).collect(),
        columns_added: Vec::new(),
        columns_removed: Vec::new(),
        columns_retyped: Vec::new(),
        rows_before: 0,
        rows_after: 0,
        rows_removed: None,
        rows_added: None,
        columns_different: Vec::new(),
    };
    if !old.is_empty() {
        preview.compare(warehouse, node, &old)?;
    }
    Ok(Some(preview))
}

impl TablePreview {
    fn compare(&mut self, warehouse: &Warehouse, node: &Node, dates: &[NaiveDate]) -> Result<()> {
        let (w, c) = (warehouse.columns_of(BEFORE, &node.name)?, warehouse.columns(&node.name)?);
        let find = |columns: &[(String, String)], name: &str| {
            columns.iter().find(|(other, _)| other == name).map(|(_, sql_type)| sql_type.clone())
        };
        let lacking = |columns: &[(String, String)], others: &[(String, String)]| -> Vec<String> {
            columns
                .iter()
                .filter(|(name, _)| find(others, name).is_none())
                .map(|(name, _)| name.clone())
                .collect()
        };
        (self.columns_added, self.columns_removed) = (lacking(&c, &w), lacking(&w, &c));
        let mut shared = Vec::new();
        for (name, sql_type) in &c {
            let key = node.spec.key.contains(name) || name == "reference_date";
            match find(&w, name) {
                Some(before) if before != *sql_type => {
                    self.columns_retyped.push(format!("{name} ({before} to {sql_type})"));
                }
                Some(_) if !key => shared.push((name.clone(), sql_type.clone())),
                _ => {}
            }
        }
        let days: Vec<String> = dates.iter().map(|date| format!("date '{date}'")).collect();
        let rows = |database: &str| {
            format!("(from {database}.{} where reference_date in ({}))", node.name, days.join(", "))
        };
        let key: Vec<String> = [vec!["reference_date".to_owned()], node.spec.key.clone()].concat();
        let difference = Difference::new(warehouse, &rows(BEFORE), &rows("warehouse"), &key);
        let mut conditions = vec!["w.in_w".to_owned(), "c.in_c".to_owned()];
        conditions.extend([Difference::GONE.to_owned(), Difference::NEW.to_owned()]);
        conditions.extend(shared.iter().map(differs));
        let counts = difference.counts(&conditions)?;
        (self.rows_before, self.rows_after) = (counts[0], counts[1]);
        let found = |at: usize, column: Option<&str>| -> Result<Option<Differing>> {
            if counts[at] == 0 {
                return Ok(None);
            }
            let example = difference.example(&conditions[at], column.unwrap_or(""), "then")?;
            Ok(Some(Differing { column: column.map(str::to_owned), rows: counts[at], example }))
        };
        (self.rows_removed, self.rows_added) = (found(2, None)?, found(3, None)?);
        for (at, (name, _)) in shared.iter().enumerate() {
            self.columns_different.extend(found(4 + at, Some(name))?);
        }
        Ok(())
    }
}
