//! What `olist plan` has built in its scratch database is taken over, where it is what would be built.

use anyhow::Result;

use super::ledger::{self, Entry, Ledger};
use super::plan::{Plan, Task};
use super::pool::Built;
use super::shape;
use crate::sql::Select;
use crate::warehouse::Warehouse;

/// The name under which the scratch database is attached.
pub const SCRATCH: &str = "scratch";

/// Copies the partitions of `plan` that the scratch database has, and takes them out of the plan.
pub fn adopt(warehouse: &Warehouse, plan: &mut Plan, run_id: &str) -> Result<Built> {
    let mut built = Built::default();
    // There is none, or one of an earlier version.
    if !warehouse.columns_of(SCRATCH, "pipeline.partitions")?.iter().any(|(name, _)| name == "is_here") {
        return Ok(built);
    }
    let tried = Ledger::read_of(warehouse, SCRATCH)?;
    let mut open = Vec::new();
    for task in std::mem::take(&mut plan.tasks) {
        match tried.get(&task.table, task.date).filter(|entry| entry.fingerprint == task.fingerprint) {
            Some(entry) => {
                built.changes.extend(warehouse.transaction(|| copy(warehouse, &task, entry, run_id))?);
                built.partitions += 1;
                built.rows += entry.rows;
            }
            None => open.push(task),
        }
    }
    plan.tasks = open;
    Ok(built)
}

fn copy(warehouse: &Warehouse, task: &Task, entry: &Entry, run_id: &str) -> Result<Option<shape::Change>> {
    let Task { table, date, .. } = task;
    let rows = format!("from {SCRATCH}.{table} where reference_date = date '{date}'");
    let change = shape::fit(warehouse, table, &warehouse.describe(&Select::of(&rows)?)?)?;
    warehouse.execute(&format!("delete from {table} where reference_date = ?"), &[date])?;
    warehouse.batch(&format!("insert into {table} by name {rows}"))?;
    ledger::forget(warehouse, table, *date)?;
    warehouse.execute(
        &format!(
            "insert into pipeline.quarantine select * replace (? as run_id) from {SCRATCH}.pipeline.quarantine
             where table_name = ? and reference_date = ?"
        ),
        &[&run_id, table, date],
    )?;
    Entry { lake: None, is_here: true, ..entry.clone() }.write(warehouse, table, *date, run_id)?;
    Ok(change)
}
