//! `registry.champions`: which version scores, since when, and why that changed.

use anyhow::Result;
use chrono::NaiveDate;

use super::version::{Version, champion, version};
use crate::problem::Problem;
use crate::warehouse::Warehouse;

/// The reign ended with a later training, and still counts for the dates before that.
pub const SUPERSEDED: &str = "superseded";
/// Another version was promoted by hand: the reign no longer counts for any date.
const WITHDRAWN: &str = "withdrawn";
/// As withdrawn, and a further rollback passes it by.
const ROLLED_BACK: &str = "rolled back";

/// Ends the present reign and begins that of `number`.
pub fn crown(
    warehouse: &Warehouse,
    model: &str,
    number: i32,
    trained_through: NaiveDate,
    reason: &str,
    ended_because: &str,
) -> Result<()> {
    warehouse.execute(
        "update registry.champions set until = now()::timestamp, ended_because = ? where model = ? and until is null",
        &[&ended_because, &model],
    )?;
    warehouse.execute(
        "insert into registry.champions values (?, ?, ?, now()::timestamp, null, ?, null)",
        &[&model, &number, &trained_through, &reason],
    )?;
    Ok(())
}

/// Makes `number` champion by hand. Reigns of versions trained later are withdrawn, so that it scores all dates from
/// its training on.
pub fn promote(warehouse: &Warehouse, model: &str, number: i32, reason: &str) -> Result<Version> {
    replace(warehouse, version(warehouse, model, number)?, reason, WITHDRAWN)
}

/// Makes the version that was champion before the present one champion again.
pub fn rollback(warehouse: &Warehouse, model: &str, reason: &str) -> Result<Version> {
    let earlier = warehouse.row(
        "select version from registry.champions
         where model = ? and until is not null
             and version not in (
                 select version from registry.champions
                 where model = ? and (until is null or ended_because = ?)
             )
         order by until desc, since desc limit 1",
        &[&model, &model, &ROLLED_BACK],
        |row| row.get::<_, i32>(0),
    )?;
    let earlier = earlier.ok_or_else(|| {
        Problem::usage(format!("`{model}` has no earlier champion to go back to")).hint(format!(
            "`olist models {model}` shows its versions; `olist promote {model} VERSION` takes any"
        ))
    })?;
    replace(warehouse, version(warehouse, model, earlier)?, reason, ROLLED_BACK)
}

fn replace(warehouse: &Warehouse, version: Version, reason: &str, ended_because: &str) -> Result<Version> {
    let (model, number) = (&version.model, version.number);
    if champion(warehouse, model)?.is_some_and(|present| present.number == number) {
        return Err(Problem::usage(format!("version {number} of `{model}` is champion already")).into());
    }
    crown(warehouse, model, number, version.trained_through, reason, ended_because)?;
    // Champions between that version's training and now no longer count either.
    warehouse.execute(
        "update registry.champions set ended_because = ?
         where model = ? and version <> ? and trained_through >= ? and ended_because = ?",
        &[&WITHDRAWN, model, &number, &version.trained_through, &SUPERSEDED],
    )?;
    Ok(version)
}
