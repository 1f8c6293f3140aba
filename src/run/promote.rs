//! A champion chosen by hand, and what is to be told of it.

use anyhow::Result;

use crate::mlflow::Message;
use crate::registry::{self, Version};
use crate::warehouse::Warehouse;

pub fn promote(
    warehouse: &Warehouse,
    model: &str,
    number: i32,
    reason: &str,
    run_id: &str,
) -> Result<Version> {
    told(warehouse, reason, run_id, || registry::promote(warehouse, model, number, reason))
}

pub fn rollback(warehouse: &Warehouse, model: &str, reason: &str, run_id: &str) -> Result<Version> {
    told(warehouse, reason, run_id, || registry::rollback(warehouse, model, reason))
}

fn told(
    warehouse: &Warehouse,
    reason: &str,
    run_id: &str,
    change: impl FnOnce() -> Result<Version>,
) -> Result<Version> {
    warehouse.transaction(|| {
        let version = change()?;
        let message = Message::Champion { reason: reason.to_owned() };
        message.post(warehouse, &version, None, run_id)?;
        Ok(version)
    })
}
