//! Columns that are visible before they came, or that tell what happens later.

use anyhow::Result;

use super::{Audit, FEWEST};
use crate::config::{Column, When};
use crate::problem::Problem;
use crate::warehouse::{ident, idents};

/// Two groups of rows whose values of a column overlap by less than this are told apart by it.
const TIED: f64 = 0.5;
/// Columns with more values are names, not states.
const MOST_VALUES: i64 = 50;

/// Weeks before the date whose new rows are looked at.
const WEEKS: u32 = 13;

impl Audit<'_> {
    /// A moment is visible before it came.
    pub fn shows_later(&self, column: &str) -> Result<Option<Problem>> {
        let sql = format!(
            "select count(*) from {} where {} >= date '{}'",
            Self::known(self.name, self.date),
            ident(column),
            self.date
        );
        let later = self.warehouse.row(&sql, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        Ok((later > 0).then(|| {
            let what = format!("column `{column}` shows {later} moments at or after the reference date");
            self.problem(
                column,
                &what,
                "its 'known_at' has to be the moment itself, or a later one; a promise is 'static'",
            )
        }))
    }

    /// A column that is called static is empty in young rows and filled in old ones.
    pub fn comes_late(&self, column: &str) -> Result<Option<Problem>> {
        let (name, table) = (ident(column), ident(self.name));
        let sql = format!(
            "with ordered as (select {name} is null as is_empty, percent_rank() over (order by known_at) as place from sources.{table})
             select count(*), coalesce(avg(is_empty::int) filter (where place >= 0.98), 0),
                 coalesce(avg(is_empty::int) filter (where place < 0.8), 0)
             from ordered"
        );
        let read =
            |row: &duckdb::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?));
        let Some((rows, young, old)) = self.warehouse.row(&sql, &[], read)? else { return Ok(None) };
        Ok((rows >= 50 * FEWEST && young > old + 0.2).then(|| {
            let what = format!(
                "column `{column}` is called static, but {:.0} % of the youngest rows have none, and {:.0} % of the older ones",
                young * 100.0,
                old * 100.0
            );
            self.problem(column, &what, "a value that comes later says when: 'known_at'")
        }))
    }

    /// A column tells which rows something happens to later: what is called known with its row, in all rows; what is
    /// rewritten in place, in rows of a week, as they were at its end.
    pub fn is_tied(&self, column: &Column) -> Result<Option<Problem>> {
        let name = ident(&column.name);
        for (other, moment) in self.moments() {
            let rows = match &column.when {
                When::WithRow => format!(
                    "select {name}::varchar as value, {moment} as moment, date '{date}' as date
                     from sources.{table} where known_at < date '{date}'",
                    date = self.date,
                    table = ident(self.name),
                ),
                When::AsOf(value) => self.new_rows(value, moment),
                When::KnownAt(_) => return Ok(None),
            };
            let sql = TIES.replace("{rows}", &rows);
            let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            let found: Option<(i64, i64, i64, f64)> = self.warehouse.row(&sql, &[], read)?;
            let Some((later, never, kinds, overlap)) = found else { continue };
            if later < FEWEST || never < FEWEST || kinds > MOST_VALUES || overlap >= TIED {
                continue;
            }
            let tells = format!("tells {later} rows that get `{other}` later from {never} that never do");
            let (what, hint) = if column.when == When::WithRow {
                (
                    format!("column `{}` is called known with its row, but {tells}", column.name),
                    "a value that is rewritten in place needs 'as_of': what it was at the reference date",
                )
            } else {
                (
                    format!("column `{}` in rows of a week, by its 'as_of', {tells}", column.name),
                    "give the value of then; a state whose moment is not recorded counts from the latest that it can have had",
                )
            };
            return Ok(Some(self.problem(&column.name, &what, hint)));
        }
        Ok(None)
    }

    /// What `as_of` says of a row, when moments of the row that are still to come, and its own last value, are not there.
    pub fn looks_ahead(&self, column: &Column) -> Result<Option<Problem>> {
        let (When::AsOf(value), false) = (&column.when, self.spec.key.is_empty()) else { return Ok(None) };
        let is_known_later =
            |name: &str| self.spec.column(name).is_some_and(|column| matches!(column.when, When::KnownAt(_)));
        let masks = self.columns[self.name]
            .iter()
            .filter(|(name, sql_type)| sql_type.starts_with("TIMESTAMP") && is_known_later(name))
            .map(|(name, _)| format!("case when {0} < reference_date then {0} end as {0}", ident(name)));
        let masks = masks.collect::<Vec<_>>().join(", ");
        if masks.is_empty() {
            return Ok(None);
        }
        let key = idents(&self.spec.key);
        let sql = format!(
            "with rows as (
                 select *, date '{date}' as reference_date from sources.{table} where known_at < date '{date}'
             ),
             seen as (select {key}, ({value})::varchar as seen from rows),
             known as (
                 select {key}, ({value})::varchar as known
                 from (select * replace ({masks}, ({value}) as {name}) from rows)
             )
             select count(*) from seen inner join known using ({key}) where seen is distinct from known",
            date = self.date,
            table = ident(self.name),
            name = ident(&column.name),
        );
        let ahead = self.warehouse.row(&sql, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        Ok((ahead > 0).then(|| {
            let what = format!(
                "column `{}`, by its 'as_of', holds what became known later, in {ahead} rows",
                column.name
            );
            self.problem(&column.name, &what, "compare moments with `reference_date`, and nothing later")
        }))
    }

    /// What `as_of` gives of the rows that are new in each of the weeks before the date, at the end of their week.
    fn new_rows(&self, as_of: &str, moment: &str) -> String {
        format!(
            "select ({as_of})::varchar as value, {moment} as moment, reference_date as date
             from (
                 select *, date '{date}' - 7 * ((date_diff('day', known_at::date, date '{date}') - 1) // 7)::integer as reference_date
                 from sources.{table}
                 where known_at < date '{date}' and known_at >= date '{date}' - {days}
             )",
            date = self.date,
            table = ident(self.name),
            days = 7 * WEEKS,
        )
    }
}

/// How far the values of rows whose moment is still to come overlap with those of rows that never have one.
const TIES: &str = "
with rows as ({rows}),
counted as (
    select value, count(*) filter (where moment >= date) as later, count(*) filter (where moment is null) as never
    from rows group by value
),
sums as (select sum(later) as later, sum(never) as never, count(*) as kinds from counted)
select sums.later::bigint, sums.never::bigint, kinds,
    coalesce(sum(least(counted.later / sums.later, counted.never / sums.never)), 1)
from counted cross join sums group by all";
