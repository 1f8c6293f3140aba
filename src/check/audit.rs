//! The sources themselves: whether what they say of "known at" fits what stands in them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use crate::build::Catalog;
use crate::ingest::{as_of_select, check_moments, source_file};
use crate::problem::Problem;
use crate::spec::{SourceSpec, When};
use crate::warehouse::{Warehouse, ident, text};

/// Two groups of rows whose values of a column overlap by less than this are told apart by it.
const TIED: f64 = 0.5;
/// Fewer rows prove nothing.
const FEWEST: i64 = 30;
/// Columns with more values are names, not states.
const MOST_VALUES: i64 = 50;

/// What in `specs` does not fit the rows known before `date`.
///
/// # Errors
/// DuckDB's.
pub fn sources(
    warehouse: &Warehouse,
    catalog: &Catalog,
    specs: &BTreeMap<String, SourceSpec>,
    definitions: &BTreeMap<String, String>,
    date: NaiveDate,
) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    // DuckDB writes both down in the same way.
    for name in definitions.keys() {
        let Some(spec) = specs.get(name) else { continue };
        check_moments(warehouse, &catalog.templates, name, spec)?;
        let select = as_of_select(warehouse, name, spec)?;
        let macro_name = ident(&format!("{name}_as_of"));
        warehouse
            .batch(&format!("create or replace temp macro {macro_name}(reference_date) as table {select}"))?;
    }
    let now = self::definitions(warehouse, "temp")?;
    for (name, spec) in specs {
        let columns = warehouse.columns(&format!("sources.{name}"))?;
        if columns.is_empty() || spec.known_at.is_none() {
            continue;
        }
        let audit = Audit { warehouse, catalog, name, spec, date };
        if now.get(name) != definitions.get(name) {
            let what = format!("`{name}` was loaded when this file said something else");
            problems.push(audit.problem(
                "config",
                &what,
                "`olist ingest` again; what is checked here is what was loaded",
            ));
        }
        let is_row_time = |column: &str| column == "known_at" || spec.known_at.as_deref() == Some(column);
        for (column, sql_type) in &columns {
            let is_time = sql_type.starts_with("DATE") || sql_type.starts_with("TIMESTAMP");
            let declared = spec.column(column);
            let is_static = declared.is_some_and(|column| column.is_static);
            if is_time && !is_static {
                problems.extend(audit.shows_later(column)?);
                let is_silent = declared.is_none_or(|column| column.when == When::WithRow);
                if is_silent && !is_row_time(column) {
                    let what = format!("column `{column}` does not say when it became known");
                    problems.push(audit.problem(column, &what, UNDECLARED));
                }
            } else if is_time {
                problems.extend(audit.comes_late(column)?);
            } else if declared.is_some_and(|column| column.when == When::WithRow)
                && !spec.key.contains(column)
            {
                problems.extend(audit.is_tied(column)?);
            }
        }
    }
    Ok(problems)
}

/// What the as-of relations of a database select, by source, of `reference_date`.
///
/// # Errors
/// When the catalog cannot be read.
pub fn definitions(warehouse: &Warehouse, database: &str) -> Result<BTreeMap<String, String>> {
    let sql = "select function_name[:-7], macro_definition from duckdb_functions()
        where database_name = ? and function_name like '%\\_as\\_of' escape '\\' and function_type = 'table_macro'";
    let rows = warehouse.rows(sql, &[&database], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

const UNDECLARED: &str =
    "give it 'known_at', 'as_of', or 'static': true if it is no news (a promise, a plan)";

struct Audit<'a> {
    warehouse: &'a Warehouse,
    catalog: &'a Catalog,
    name: &'a str,
    spec: &'a SourceSpec,
    date: NaiveDate,
}

impl Audit<'_> {
    fn problem(&self, word: &str, what: &str, hint: &str) -> Problem {
        Problem::data(format!("{what} (sources.{})", self.name))
            .at(self.catalog.templates.place(&source_file(self.name), word))
            .on(self.date)
            .hint(hint)
    }

    fn known(&self) -> String {
        format!("sources.{}(date '{}')", ident(&format!("{}_as_of", self.name)), self.date)
    }

    /// A moment is visible before it came.
    fn shows_later(&self, column: &str) -> Result<Option<Problem>> {
        let sql =
            format!("select count(*) from {} where {} >= date '{}'", self.known(), ident(column), self.date);
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
    fn comes_late(&self, column: &str) -> Result<Option<Problem>> {
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

    /// A column that is called known with its row tells which rows something happens to later.
    fn is_tied(&self, column: &str) -> Result<Option<Problem>> {
        let moments = self.spec.columns.iter().filter_map(|other| match &other.when {
            When::KnownAt(moment) if other.name != column => Some((&other.name, moment)),
            _ => None,
        });
        for (other, moment) in moments {
            let sql = format!(
                "with rows as (
                     select {column}::varchar as value, ({moment}) >= date '{date}' as is_later, ({moment}) is null as is_never
                     from sources.{table} where known_at < date '{date}'
                 ),
                 counted as (
                     select value, count(*) filter (where is_later) as later, count(*) filter (where is_never) as never
                     from rows group by value
                 ),
                 sums as (select sum(later) as later, sum(never) as never, count(*) as kinds from counted)
                 select sums.later::bigint, sums.never::bigint, kinds,
                     coalesce(sum(least(counted.later / sums.later, counted.never / sums.never)), 1)
                 from counted cross join sums group by all",
                column = ident(column),
                table = ident(self.name),
                date = self.date,
            );
            let read = |row: &duckdb::Row<'_>| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, f64>(3)?,
                ))
            };
            let Some((later, never, kinds, overlap)) = self.warehouse.row(&sql, &[], read)? else { continue };
            if later >= FEWEST && never >= FEWEST && kinds <= MOST_VALUES && overlap < TIED {
                let what = format!(
                    "column `{column}` is called known with its row, but tells {later} rows that get `{other}` later from {never} that never do"
                );
                let hint =
                    "a value that is rewritten in place needs 'as_of': what it was at the reference date";
                return Ok(Some(self.problem(column, &what, hint)));
            }
        }
        Ok(None)
    }
}

/// What an older load of the warehouse shows otherwise than today's, of what both say was known before its end: a value
/// that was rewritten in place, and is not declared.
///
/// # Errors
/// When the older file cannot be read.
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
    let mut problems = Vec::new();
    for (name, spec) in specs.iter().filter(|(_, spec)| !spec.key.is_empty()) {
        let table = format!("sources.{name}");
        let (here, there) = (warehouse.columns(&table)?, warehouse.columns_of("older", &table)?);
        if here.is_empty() || there.is_empty() {
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
        let audit = Audit { warehouse, catalog, name, spec, date };
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
