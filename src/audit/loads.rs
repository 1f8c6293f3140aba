//! Today's warehouse beside an older one.

use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use super::{Audit, Findings};
use crate::difference::{Column, Difference};
use crate::problem::Problem;
use crate::sql::Select;
use crate::warehouse::{ident, text};

impl Audit<'_> {
    /// What an older load of the warehouse shows otherwise than today's, of what both say was known before its end: a
    /// value that was rewritten in place, and is not declared.
    pub fn loads(&self, older: &Path) -> Result<Findings> {
        if !older.exists() {
            let problem = Problem::usage(format!("there is no database `{}`", older.display()));
            return Err(problem.hint("--against names an older copy of the database").into());
        }
        let warehouse = &self.warehouse;
        let file = text(&older.display().to_string());
        warehouse.batch(&format!("attach {file} as older (read_only)"))?;
        let date = "select value::date + 1 from older.pipeline.settings where name = 'data_until'";
        let date: NaiveDate = warehouse
            .row(date, &[], |row| row.get(0))?
            .context("the older database has no sources loaded")?;
        let mut findings = Findings::new();
        for (name, ..) in self.sources().filter(|(_, spec, _)| !spec.key.is_empty()) {
            if !warehouse.columns_of("older", &format!("sources.{name}"))?.is_empty() {
                findings.insert(name.to_owned(), self.load(name, date)?);
            }
        }
        warehouse.batch("drop table if exists temp.older_rows; detach older")?;
        Ok(findings)
    }

    fn load(&self, name: &str, date: NaiveDate) -> Result<Vec<Problem>> {
        let known = format!("sources.{}(date '{date}')", ident(&format!("{name}_as_of")));
        // The older macro reads its own table only when its database is the one in use.
        self.warehouse.batch(&format!(
            "use older; create or replace temp table older_rows as from {known}; use warehouse"
        ))?;
        let there = self.warehouse.describe(&Select::of("from temp.older_rows")?)?;
        let mut problems = Vec::new();
        let difference = Difference::new(&self.warehouse, &known, "temp.older_rows", &self.specs[name].key);
        let is_shared =
            |(column, _): &&Column| column != "known_at" && there.iter().any(|(other, _)| other == column);
        let compared = difference.compare(self.columns[name].iter().filter(is_shared))?;
        let rows = [(compared.new, "gone from"), (compared.gone, "only in")];
        for (mismatch, how) in rows.into_iter().filter_map(|(found, how)| Some((found?, how))) {
            let (rows, example) = (mismatch.rows, difference.example(&mismatch, "")?);
            let what = format!("{rows} rows known before the older load's end are {how} today's: {example}");
            let hint = "known_at has to be the moment from which a row is there, and rows stay";
            problems.push(self.problem(name, "", what).on(date).hint(hint));
        }
        for mismatch in compared.columns {
            let (column, rows) = (&mismatch.column, mismatch.rows);
            let example = difference.example(&mismatch, "in the older load")?;
            let what = format!(
                "column `{column}` differs in {rows} rows between the older load and today's: {example}"
            );
            let hint = "it is rewritten in place: 'known_at' or 'as_of' has to give the value of then";
            problems.push(self.problem(name, column, what).on(date).hint(hint));
        }
        Ok(problems)
    }
}
