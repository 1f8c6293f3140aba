//! Leaving out what does not matter: halves, then smaller parts, then single rows, as long as something still holds (Zeller's
//! delta debugging, without its way back).

use std::time::Instant;

use anyhow::Result;

use super::write::Cells;

/// Leaves out rows. Whether there was time for all of them.
pub fn rows(
    given: &mut Vec<Cells>,
    until: Instant,
    mut holds: impl FnMut(&[Cells]) -> Result<bool>,
) -> Result<bool> {
    let mut size: usize = given.iter().map(|cells| cells.rows.len()).sum();
    while size > 0 {
        let (mut at, mut has_changed) = (0, false);
        while at < given.iter().map(|cells| cells.rows.len()).sum() {
            if Instant::now() >= until {
                return Ok(false);
            }
            let fewer = without(given, at, size);
            if holds(&fewer)? {
                (*given, has_changed) = (fewer, true);
            } else {
                at += size;
            }
        }
        // What was needed by a row that is gone may go as well.
        if size > 1 || !has_changed {
            size /= 2;
        }
    }
    Ok(true)
}

/// All rows but `size` of them from the one at `start` on, counted through the tables.
fn without(given: &[Cells], start: usize, size: usize) -> Vec<Cells> {
    let mut at = 0;
    let mut fewer = given.to_vec();
    for cells in &mut fewer {
        cells.rows.retain(|_| {
            at += 1;
            !(start..start + size).contains(&(at - 1))
        });
    }
    fewer
}

/// Leaves out columns, but not those of `keys`, a table's each.
pub fn columns(
    given: &mut Vec<Cells>,
    keys: impl Fn(&str) -> Vec<String>,
    until: Instant,
    mut holds: impl FnMut(&[Cells]) -> Result<bool>,
) -> Result<()> {
    given.retain(|cells| !cells.rows.is_empty());
    for table in 0..given.len() {
        let kept = keys(&given[table].table);
        let names = given[table].columns.clone();
        for name in names.iter().rev().filter(|name| !kept.contains(name)) {
            let mut fewer = given.clone();
            fewer[table].drop_column(name);
            let is_empty = given[table].is_empty(name);
            if is_empty || Instant::now() < until && holds(&fewer)? {
                *given = fewer;
            }
        }
    }
    Ok(())
}
