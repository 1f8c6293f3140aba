//! `registry.outbox`: what is still to be told to others, written in the transaction of what it tells of.

use anyhow::{Context, Result};
use chrono::{NaiveDate, NaiveDateTime};

use crate::warehouse::{SqlError, Warehouse};

/// A line that is about to be written.
#[derive(Debug)]
pub struct Entry<'a> {
    pub kind: &'a str,
    pub model: &'a str,
    pub version: i32,
    pub reference_date: Option<NaiveDate>,
    pub run_id: &'a str,
    /// What the registry does not say, as JSON.
    pub payload: String,
}

/// A line that is not sent yet.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: i64,
    pub model: String,
    pub version: i32,
    pub reference_date: Option<NaiveDate>,
    pub run_id: String,
    pub created_at: NaiveDateTime,
    pub payload: String,
}

/// Writes a line, in the transaction of what it tells of.
pub fn add(warehouse: &Warehouse, entry: &Entry<'_>) -> Result<()> {
    let Entry { kind, model, version, reference_date, run_id, payload } = entry;
    warehouse.execute(
        "insert into registry.outbox by name
         select 1 + coalesce((select max(item) from registry.outbox), 0) as item, ? as kind, ? as model, ? as version,
             ? as reference_date, ? as run_id, now()::timestamp as created_at, 0 as attempts, ? as payload",
        &[kind, model, version, reference_date, run_id, payload],
    )?;
    Ok(())
}

/// Numbers of what is not sent yet, in order.
pub fn waiting(warehouse: &Warehouse) -> Result<Vec<i64>, SqlError> {
    warehouse
        .rows("select item from registry.outbox where sent_at is null order by item", &[], |row| row.get(0))
}

pub fn read(warehouse: &Warehouse, id: i64) -> Result<Item> {
    let sql = "select model, version, reference_date, run_id, created_at, payload from registry.outbox where item = ?";
    let item = warehouse.row(sql, &[&id], |row| {
        Ok(Item {
            id,
            model: row.get(0)?,
            version: row.get(1)?,
            reference_date: row.get(2)?,
            run_id: row.get(3)?,
            created_at: row.get(4)?,
            payload: row.get(5)?,
        })
    })?;
    item.with_context(|| format!("item {id} is not in registry.outbox"))
}

/// Marks an item as sent; its payload is no longer needed.
pub fn mark_sent(warehouse: &Warehouse, id: i64, to: &str) -> Result<(), SqlError> {
    let sql = "update registry.outbox set sent_at = now()::timestamp, sent_to = ?, attempts = attempts + 1,
                   last_error = null, payload = null where item = ?";
    warehouse.execute(sql, &[&to, &id]).map(|_| ())
}

/// Notes why an item could not be sent.
pub fn mark_failed(warehouse: &Warehouse, id: i64, why: &str) -> Result<(), SqlError> {
    let sql = "update registry.outbox set attempts = attempts + 1, last_error = ? where item = ?";
    warehouse.execute(sql, &[&why, &id]).map(|_| ())
}
