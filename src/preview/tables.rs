//! A feature store or an ABT before and after: columns, rows by their key, values.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::BEFORE;
use crate::catalog::Node;
use crate::difference::{Column, Difference, Mismatch};
use crate::partitions::{Ledger, why};
use crate::warehouse::Warehouse;

/// Rows that are there on one side alone, or a column whose values differ.
#[derive(Serialize)]
pub struct Differing {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub column: String,
    pub rows: i64,
    pub example: String,
}

#[derive(Serialize, Default)]
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
        ..TablePreview::default()
    };
    if !old.is_empty() {
        preview.compare(warehouse, node, &old)?;
    }
    Ok(Some(preview))
}

impl TablePreview {
    fn compare(&mut self, warehouse: &Warehouse, node: &Node, dates: &[NaiveDate]) -> Result<()> {
        let (w, c) = (warehouse.columns_of(BEFORE, &node.name)?, warehouse.columns(&node.name)?);
        let type_of = |columns: &[Column], name: &str| {
            columns.iter().find(|(other, _)| other == name).map(|(_, sql_type)| sql_type.clone())
        };
        let removed = w.iter().map(|(name, _)| name).filter(|name| type_of(&c, name).is_none());
        self.columns_removed = removed.cloned().collect();
        let mut shared = Vec::new();
        for column @ (name, sql_type) in &c {
            let is_key = node.spec.key.contains(name) || name == "reference_date";
            match type_of(&w, name) {
                None => self.columns_added.push(name.clone()),
                Some(before) if before != *sql_type => {
                    self.columns_retyped.push(format!("{name} ({before} to {sql_type})"));
                }
                Some(_) if is_key => {}
                Some(_) => shared.push(column),
            }
        }
        let days: Vec<String> = dates.iter().map(|date| format!("date '{date}'")).collect();
        let rows = |database: &str| {
            format!("(from {database}.{} where reference_date in ({}))", node.name, days.join(", "))
        };
        let key: Vec<String> = [vec!["reference_date".to_owned()], node.spec.key.clone()].concat();
        let difference = Difference::new(warehouse, &rows(BEFORE), &rows("warehouse"), &key);
        let compared = difference.compare(shared)?;
        let differing = |mismatch: Mismatch| {
            let example = difference.example(&mismatch, "then")?;
            Ok(Differing { column: mismatch.column, rows: mismatch.rows, example })
        };
        (self.rows_before, self.rows_after) = (compared.w, compared.c);
        self.rows_removed = compared.gone.map(differing).transpose()?;
        self.rows_added = compared.new.map(differing).transpose()?;
        self.columns_different = compared.columns.into_iter().map(differing).collect::<Result<_>>()?;
        Ok(())
    }
}
