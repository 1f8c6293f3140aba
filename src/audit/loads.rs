//! Today's warehouse beside an older one.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use super::Audit;
use crate::catalog::Catalog;
use crate::config::SourceSpec;
use crate::problem::Problem;
use crate::warehouse::{Warehouse, ident, text};

/// What an older load of the warehouse shows otherwise than today's, of what both say was known before its end: a value
/// that was rewritten in place, and is not declared.
pub fn loads(
    warehouse: &Warehouse,
    catalog: &Catalog,
    specs: &BTreeMap<String, SourceSpec>,
    older: &Path,
) -> Result<Vec<Problem>> {
    let file = text(&older.display().to_string());
    if !older.exists() {
        let problem = Problem::usage(format!("there is no database `{}`", older.display()));
        return Err(problem.hint("--against names an older copy of the database").into());
    }
    warehouse.batch(&format!("attach {file} as older (read_only)"))?;
    let date = "select value::date + 1 from older.pipeline.settings where name = 'data_until'";
    let date: NaiveDate =
        warehouse.row(date, &[], |row| row.get(0))?.context("the older database has no sources loaded")?;
    let columns = super::loaded(warehouse, specs)?;
    let mut problems = Vec::new();
    for (name, spec) in specs.iter().filter(|(_, spec)| !spec.key.is_empty()) {
        let table = format!("sources.{name}");
        let Some(here) = columns.get(name) else { continue };
        let there = warehouse.columns_of("older", &table)?;
        if there.is_empty() {
            continue;
        }
        let known =
            |database: &str| format!("{database}.sources.{}(date '{date}')", ident(&format!("{name}_as_of")));
        // The older macro reads its own table only when its database is the one in use.
        warehouse.batch(&format!(
            "use older; create or replace temp table older_rows as from {}; use warehouse",
            known("older")
        ))?;
        let on = spec.key.iter().map(|key| format!("n.{0} is not distinct from o.{0}", ident(key)));
        let joined = format!(
            "from (select *, true as is_new from {}) as n full join (select *, true as is_old from temp.older_rows) as o on {}",
            known("warehouse"),
            on.collect::<Vec<_>>().join(" and ")
        );
        let count = |condition: &str| -> Result<i64> {
            let sql = format!("select count(*) {joined} where {condition}");
            Ok(warehouse.row(&sql, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0))
        };
        let audit = Audit { warehouse, catalog, name, spec, specs, columns: &columns, date };
        for (condition, how) in [("n.is_new is null", "gone from"), ("o.is_old is null", "only in")] {
            let rows = count(condition)?;
            if rows > 0 {
                let what = format!("{rows} rows known before the older load's end are {how} today's");
                problems.push(audit.problem(
                    "known_at",
                    &what,
                    "known_at has to be the moment from which a row is there, and rows stay",
                ));
            }
        }
        for (column, _) in here.iter().filter(|(column, _)| there.iter().any(|(other, _)| other == column)) {
            let differs = format!("n.is_new and o.is_old and n.{0} is distinct from o.{0}", ident(column));
            let rows = count(&differs)?;
            if rows > 0 && column != "known_at" {
                let what =
                    format!("column `{column}` differs in {rows} rows between the older load and today's");
                let hint = "it is rewritten in place: 'known_at' or 'as_of' has to give the value of then";
                problems.push(audit.problem(column, &what, hint));
            }
        }
    }
    warehouse.batch("drop table if exists temp.older_rows; detach older")?;
    Ok(problems)
}
