//! `registry.outbox`: what is still to be told to others, written in the transaction of what it tells of.

use chrono::{NaiveDate, NaiveDateTime};

use super::Version;
use crate::warehouse::{SqlError, Warehouse};

/// A line that is not sent yet.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: i64,
    pub model: String,
    pub version: i32,
    pub reference_date: Option<NaiveDate>,
    pub run_id: String,
    pub created_at: NaiveDateTime,
    /// What the registry does not say, as JSON.
    pub payload: String,
}

/// Writes a line.
pub fn add(
    warehouse: &Warehouse,
    kind: &str,
    version: &Version,
    reference_date: Option<NaiveDate>,
    run_id: &str,
    payload: &str,
) -> Result<(), SqlError> {
    let sql = "insert into registry.outbox by name
         select 1 + coalesce((select max(item) from registry.outbox), 0) as item, ? as kind, ? as model, ? as version,
             ? as reference_date, ? as run_id, now()::timestamp as created_at, 0 as attempts, ? as payload";
    let Version { model, number, .. } = version;
    warehouse.execute(sql, &[&kind, model, number, &reference_date, &run_id, &payload]).map(|_| ())
}

/// What is not sent yet, in order.
pub fn waiting(warehouse: &Warehouse) -> Result<Vec<Item>, SqlError> {
    let sql = "select item, model, version, reference_date, run_id, created_at, payload
        from registry.outbox where sent_at is null order by item";
    warehouse.rows(sql, &[], |row| {
        Ok(Item {
            id: row.get(0)?,
            model: row.get(1)?,
            version: row.get(2)?,
            reference_date: row.get(3)?,
            run_id: row.get(4)?,
            created_at: row.get(5)?,
            payload: row.get(6)?,
        })
    })
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
