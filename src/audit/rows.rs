//! Rows that are visible before they came: presence tells the future as well.

use anyhow::Result;
use duckdb::ToSql;

use super::{Audit, FEWEST};
use crate::config::SourceSpec;
use crate::problem::Problem;
use crate::warehouse::ident;

/// Of its rows, that a source may have beside what every one of them has.
const RARE: f64 = 0.001;
/// Of the youngest rows, whose moment may still be to come where rows come with it.
const OPEN: f64 = 0.01;

impl Audit<'_> {
    /// What the presence of rows shows too early.
    pub fn presence(&self) -> Result<Option<Problem>> {
        for (column, moment) in self.moments() {
            if let Some(problem) = self.comes_with(column, moment)? {
                return Ok(Some(problem));
            }
        }
        for (other, spec) in self.specs.iter().filter(|(other, _)| *other != self.name) {
            let found = match self.precedes(other, spec)? {
                None => self.waits_for(other, spec)?,
                found => found,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Every row has its moment, and none waits for it at the end of the load: rows are there because it came.
    fn comes_with(&self, column: &str, moment: &str) -> Result<Option<Problem>> {
        let sql = format!(
            "with ends as (select value::date + 1 as end_at from pipeline.settings where name = 'data_until'),
             rows as (
                 select {moment} as moment, {visible} as is_visible, end_at,
                     percent_rank() over (order by {age}) >= 0.98 as is_young
                 from sources.{name} cross join ends
             )
             select count(*) filter (where is_visible and moment >= ?), coalesce(avg((moment is null)::int), 1),
                 coalesce(avg((moment is null or moment >= end_at)::int) filter (where is_young), 1)
             from rows",
            visible = self.visible(),
            age = if self.spec.known_at.is_some() { "known_at" } else { moment },
            name = ident(self.name),
        );
        let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found: Option<(i64, f64, f64)> = self.warehouse.row(&sql, &[&self.date], read)?;
        let found = found.filter(|(early, never, open)| *early >= FEWEST && *never <= RARE && *open < OPEN);
        Ok(found.map(|(early, ..)| {
            self.early(&format!(
                "{early} rows are visible before their `{column}`, and no row of the load is without one"
            ))
        }))
    }

    /// A row that refers to one of another source, which has a moment of its own, is known before that one.
    fn precedes(&self, other: &str, spec: &SourceSpec) -> Result<Option<Problem>> {
        let has_own = spec.known_at.as_deref().is_some_and(|moment| spec.column(moment).is_some());
        let [key] = spec.key.as_slice() else { return Ok(None) };
        let is_parent = self.spec.key.iter().eq([key]);
        if !has_own || is_parent || !self.has(self.name, key) || !self.has(other, key) {
            return Ok(None);
        }
        let sql = format!(
            "select count(*), 0 from (select * from sources.{name} where {visible}) as own
             inner join sources.{other} as others using ({key}) where others.known_at >= ?",
            name = ident(self.name),
            visible = self.visible(),
            key = ident(key),
            other = ident(other),
        );
        let (early, _) = self.counts(&sql, &[&self.date])?;
        Ok((early >= FEWEST).then(|| {
            self.early(&format!("{early} rows are visible before the row of `{other}` with their `{key}` is"))
        }))
    }

    /// The file lists only what another source names sooner or later.
    fn waits_for(&self, other: &str, spec: &SourceSpec) -> Result<Option<Problem>> {
        let [key] = self.spec.key.as_slice() else { return Ok(None) };
        if spec.known_at.is_none() || !self.has(self.name, key) || !self.has(other, key) {
            return Ok(None);
        }
        let sql = format!(
            "with named as (select {key}, min(known_at) as first_at from sources.{other} group by {key})
             select count(*) filter (where {visible} and first_at >= ?), coalesce(avg((first_at is null)::int), 1)
             from sources.{name} left join named using ({key})",
            name = ident(self.name),
            visible = self.visible(),
            key = ident(key),
            other = ident(other),
        );
        let (early, unnamed) = self.counts(&sql, &[&self.date])?;
        Ok((early >= FEWEST && unnamed <= RARE).then(|| {
            self.early(&format!(
                "{early} rows are visible before `{other}` first names their `{key}`, and the file has only rows that it names"
            ))
        }))
    }

    fn visible(&self) -> String {
        self.spec
            .known_at
            .as_ref()
            .map_or_else(|| "true".to_owned(), |_| format!("known_at < date '{}'", self.date))
    }

    fn has(&self, source: &str, column: &str) -> bool {
        self.columns
            .get(source)
            .is_some_and(|columns| columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(column)))
    }

    fn counts(&self, sql: &str, values: &[&dyn ToSql]) -> Result<(i64, f64)> {
        let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(self.warehouse.row(sql, values, read)?.unwrap_or((0, 1.0)))
    }

    fn early(&self, what: &str) -> Problem {
        let word = if self.spec.known_at.is_some() { "known_at" } else { "static" };
        self.problem(word, what, "'known_at' of a row is the moment from which it can have been in the file")
    }
}
