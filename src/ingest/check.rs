//! What has to hold of a source's rows before they replace those of the last load.

use anyhow::Result;

use super::file::RawFile;
use super::{Loader, raw};
use crate::loss;
use crate::problem::Problem;
use crate::term;
use crate::warehouse::{ident, idents, joined, text};

impl Loader<'_> {
    /// Tells of columns that config describes and the SELECT does not give: one that is only computed with may be meant.
    pub fn check_columns(self) -> Result<()> {
        let present = self.columns()?;
        let is_there = |name: &str| present.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let rendered = &self.source.rendered;
        for missing in self.source.spec.columns.iter().filter(|column| !is_there(&column.name)) {
            let what = format!("the query does not return `{}`, which config describes", missing.name);
            let start = rendered.sql.len() - rendered.sql.trim_start().len();
            let place = self.templates.locate(rendered, start).place;
            term::warn(&Problem::usage(what).at(place).to_string());
        }
        Ok(())
    }

    /// Every row has a key, and no two have the same.
    pub fn check_key(self) -> Result<()> {
        let (name, key) = (&self.source.name, &self.source.spec.key);
        if key.is_empty() {
            return Ok(());
        }
        let nulls = joined(key.iter().map(|name| format!("{} is null", ident(name))), " or ");
        let sql = format!(
            "select count(*) filter (where {nulls}), count(*) - count(distinct ({})) from {}",
            idents(key),
            self.source.table()
        );
        let (empty, twice): (usize, i64) = self.warehouse.one(&sql, &[], |row| row.try_into())?;
        let place = self.templates.config_key(&self.source.rendered.file, "key");
        let names = key.join(", ");
        // Of a key that the SELECT makes, and of parquet, there is no line to show.
        let file = self.source.file.as_ref().filter(|file| !file.is_parquet && self.has_key_in_file());
        if empty > 0 {
            let first = format!("select min(line) from {} where {nulls}", raw::table(name));
            let line: Option<usize> = match file {
                Some(_) => self.warehouse.one(&first, &[], |row| row.get(0))?,
                None => None,
            };
            let line = file.zip(line).map(|(file, line)| file.place(line, None));
            let rows = term::counted(empty, "row");
            let problem = Problem::data(format!("{rows} of `{name}` without a key ({names})"));
            let hint = "every row needs its key; nothing was loaded";
            return Err(problem.at(line.unwrap_or(place)).hint(hint).into());
        }
        if twice == 0 {
            return Ok(());
        }
        let duplicate = file.map(|file| self.duplicate(file)).transpose()?.flatten();
        let problem = duplicate.unwrap_or_else(|| {
            Problem::data(format!("the key ({names}) of `{name}` is not unique")).at(place)
        });
        Err(problem.hint("one of the two rows has to go; nothing was loaded").into())
    }

    fn has_key_in_file(self) -> bool {
        let is_in_file =
            |key: &String| self.source.spec.in_file().any(|column| column.name.eq_ignore_ascii_case(key));
        self.source.spec.key.iter().all(is_in_file)
    }

    /// Two lines of the file with the same key.
    fn duplicate(self, file: &RawFile) -> Result<Option<Problem>> {
        let key = &self.source.spec.key;
        let sql = format!(
            "select concat_ws(', ', {values}), lines[1], lines[2] from (
                 select {columns}, list(line order by line) as lines from {table} group by all having count(*) > 1
             ) order by lines[2] limit 1",
            values = joined(key.iter().map(|name| format!("{}::varchar", ident(name))), ", "),
            columns = idents(key),
            table = raw::table(&self.source.name),
        );
        let found: Option<(String, i64, usize)> = self.warehouse.row(&sql, &[], |row| row.try_into())?;
        Ok(found.map(|(value, first, second)| {
            let names = key.join(", ");
            Problem::data(format!("duplicate key: {names} = {value}, first in line {first}"))
                .at(file.place(second, None))
        }))
    }

    /// A file that lost most of its rows is more often cut off than true.
    pub fn check_rows(self, before: Option<i64>, force: bool) -> Result<()> {
        let Some(file) = &self.source.file else { return Ok(()) };
        let name = &self.source.name;
        let sql = format!(
            "select (select count(*) from {}), (select count(*) from {})",
            self.source.table(),
            raw::table(name)
        );
        let (rows, in_file): (i64, i64) = self.warehouse.one(&sql, &[], |row| row.try_into())?;
        let before = before.unwrap_or(0);
        let is_lost = before > 0 && (rows == 0 || loss::is_most(rows, before as f64));
        if is_lost && !force {
            let what = format!("`{name}` has {rows} rows, and had {before} when it was loaded before");
            let hint = "is the file whole? the last load stays; --force replaces it";
            return Err(Problem::data(what).hint(hint).into());
        }
        if rows == 0 && in_file > 0 && !force {
            let what = format!("`{name}` has no rows, of {in_file} in `{}`", file.name());
            let select = &self.source.rendered.file;
            let hint = format!("the SELECT of {select} leaves all of them out; nothing was loaded");
            return Err(Problem::data(what).hint(hint).into());
        }
        if in_file == 0 {
            term::warn(&format!("`{}` has a header, and no rows", file.name()));
        }
        Ok(())
    }

    /// Nothing can be known that has not happened yet, and infinity never does.
    pub fn check_known(self) -> Result<()> {
        let (name, key) = (&self.source.name, &self.source.spec.key);
        let key = if key.is_empty() { text("a row") } else { idents(key) };
        let tomorrow = chrono::Utc::now().naive_utc() + chrono::Days::new(1);
        let sql = format!(
            "select count(*), (arg_min(({key})::varchar, known_at)), min(known_at)::varchar
             from {} where not isfinite(known_at) or known_at > ?",
            self.source.table()
        );
        let found: (i64, Option<String>, Option<String>) =
            self.warehouse.one(&sql, &[&tomorrow], |row| row.try_into())?;
        let (rows, Some(key), Some(moment)) = found else { return Ok(()) };
        let what = format!(
            "{rows} rows of `{name}` become known at a moment that has not come: the first, {key}, at {moment}"
        );
        Err(Problem::data(what).hint("a wrong date in the file? nothing was loaded").into())
    }

    /// Every date or time has to say when it became known.
    pub fn check_times(self) -> Result<()> {
        let spec = &self.source.spec;
        let Some(known_at) = spec.known_at.as_deref() else { return Ok(()) };
        for (name, sql_type) in self.columns()? {
            let is_time = sql_type.starts_with("DATE") || sql_type.starts_with("TIMESTAMP");
            let is_row_time = name == "known_at" || name == known_at;
            let declared = spec.column(&name);
            let is_declared = declared.is_some_and(|column| column.is_static || column.moment().is_some());
            if is_time && !is_row_time && !is_declared {
                return Err(Problem::usage(format!("column `{name}` does not say when it became known"))
                    .at(self.column_place(&name))
                    .hint(
                        "give it 'known_at', 'as_of', or 'static': true if it is no news (a promise, a plan); \
                         'derived': true where the SELECT makes it",
                    )
                    .into());
            }
        }
        Ok(())
    }
}
