//! What has to hold of a source's rows before they replace those of the last load.

use anyhow::Result;

use super::file::RawFile;
use super::{Source, raw};
use crate::config::When;
use crate::loss;
use crate::problem::Problem;
use crate::template::Templates;
use crate::term;
use crate::warehouse::{Warehouse, ident, idents, text};

/// Tells of columns that config describes and the SELECT does not give: one that is only computed with may be meant.
pub fn columns(warehouse: &Warehouse, templates: &Templates, source: &Source) -> Result<()> {
    let present = warehouse.columns(&format!("sources.{}", source.name))?;
    let is_there = |name: &str| present.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    for missing in source.spec.columns.iter().filter(|column| !is_there(&column.name)) {
        let what = format!("the query does not return `{}`, which config describes", missing.name);
        let sql = &source.rendered.sql;
        let place = templates.locate(&source.rendered, sql.len() - sql.trim_start().len()).place;
        term::warn(&Problem::usage(what).at(place).to_string());
    }
    Ok(())
}

/// Every row has a key, and no two have the same.
pub fn key(warehouse: &Warehouse, templates: &Templates, source: &Source) -> Result<()> {
    let key = &source.spec.key;
    if key.is_empty() {
        return Ok(());
    }
    let (table, columns) = (source.table(), idents(key));
    let nulls = key.iter().map(|name| format!("{} is null", ident(name))).collect::<Vec<_>>().join(" or ");
    let sql = format!(
        "select count(*) filter (where {nulls}), count(*) - count(distinct ({columns})) from {table}"
    );
    let counts = warehouse.row(&sql, &[], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let (empty, twice) = counts.unwrap_or_default();
    let place = || templates.config_key(&source.rendered.file, "key");
    let names = key.join(", ");
    let file = source.file.as_ref().filter(|file| !file.is_parquet);
    if empty > 0 {
        let rows = term::counted(usize::try_from(empty)?, "row");
        let line = file.map(|file| first_line(warehouse, source, file, &nulls)).transpose()?.flatten();
        return Err(Problem::data(format!("{rows} of `{}` without a key ({names})", source.name))
            .at(line.unwrap_or_else(place))
            .hint("every row needs its key; nothing was loaded")
            .into());
    }
    if twice == 0 {
        return Ok(());
    }
    let duplicate = file.map(|file| duplicate(warehouse, source, file)).transpose()?.flatten();
    let problem = duplicate.unwrap_or_else(|| {
        Problem::data(format!("the key ({names}) of `{}` is not unique", source.name)).at(place())
    });
    Err(problem.hint("one of the two rows has to go; nothing was loaded").into())
}

/// The first line of the file for which `condition` is true; `None` where it is about columns that the SELECT makes.
fn first_line(
    warehouse: &Warehouse,
    source: &Source,
    file: &RawFile,
    condition: &str,
) -> Result<Option<crate::problem::Place>> {
    if !source.has_key_in_file() {
        return Ok(None);
    }
    let sql = format!("select min(line) from {} where {condition}", raw::table(&source.name));
    let line = warehouse.row(&sql, &[], |row| row.get::<_, Option<i64>>(0))?.flatten();
    Ok(line.and_then(|line| usize::try_from(line).ok()).map(|line| file.place(line, None)))
}

/// Two lines of the file with the same key.
fn duplicate(warehouse: &Warehouse, source: &Source, file: &RawFile) -> Result<Option<Problem>> {
    if !source.has_key_in_file() {
        return Ok(None);
    }
    let key = &source.spec.key;
    let values = key.iter().map(|name| format!("{}::varchar", ident(name))).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select concat_ws(', ', {values}), lines[1], lines[2] from (
             select {columns}, list(line order by line) as lines from {table} group by all having count(*) > 1
         ) order by lines[2] limit 1",
        columns = idents(key),
        table = raw::table(&source.name),
    );
    let read = |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get(2)?));
    let Some((value, first, second)) = warehouse.row(&sql, &[], read)? else { return Ok(None) };
    let second: i64 = second;
    let names = key.join(", ");
    Ok(Some(
        Problem::data(format!("duplicate key: {names} = {value}, first in line {first}"))
            .at(file.place(usize::try_from(second)?, None)),
    ))
}

/// A file that lost most of its rows is more often cut off than true.
pub fn rows(warehouse: &Warehouse, source: &Source, before: Option<i64>, force: bool) -> Result<()> {
    let Some(file) = &source.file else { return Ok(()) };
    let count = |table: &str| warehouse.row(&format!("select count(*) from {table}"), &[], |row| row.get(0));
    let rows: i64 = count(&source.table())?.unwrap_or(0);
    let in_file: i64 = count(&raw::table(&source.name))?.unwrap_or(0);
    let before = before.unwrap_or(0);
    let is_lost = before > 0 && (rows == 0 || loss::is_most(rows, before as f64));
    if is_lost && !force {
        let what = format!("`{}` has {rows} rows, and had {before} when it was loaded before", source.name);
        return Err(Problem::data(what)
            .hint("is the file whole? the last load stays; --force replaces it")
            .into());
    }
    if rows == 0 && in_file > 0 && !force {
        let what = format!("`{}` has no rows, of {in_file} in `{}`", source.name, file.name());
        return Err(Problem::data(what)
            .hint(format!(
                "the SELECT of {} leaves all of them out; nothing was loaded",
                source.rendered.file
            ))
            .into());
    }
    if in_file == 0 {
        term::warn(&format!("`{}` has a header, and no rows", file.name()));
    }
    Ok(())
}

/// Nothing can be known that has not happened yet, and infinity never does.
pub fn known(warehouse: &Warehouse, source: &Source) -> Result<()> {
    let key = if source.spec.key.is_empty() { text("a row") } else { idents(&source.spec.key) };
    let tomorrow = chrono::Utc::now().naive_utc() + chrono::Days::new(1);
    let sql = format!(
        "select count(*), (arg_min(({key})::varchar, known_at)), min(known_at)::varchar
         from {} where not isfinite(known_at) or known_at > ?",
        source.table()
    );
    let found = warehouse.row(&sql, &[&tomorrow], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let Some((rows, Some(key), Some(moment))) = found.filter(|(rows, ..)| *rows > 0) else { return Ok(()) };
    let what = format!(
        "{rows} rows of `{}` become known at a moment that has not come: the first, {key}, at {moment}",
        source.name
    );
    Err(Problem::data(what).hint("a wrong date in the file? nothing was loaded").into())
}

/// Every date or time has to say when it became known.
pub fn times(warehouse: &Warehouse, templates: &Templates, source: &Source) -> Result<()> {
    let Some(known_at) = source.spec.known_at.as_deref() else { return Ok(()) };
    for (name, sql_type) in warehouse.columns(&format!("sources.{}", source.name))? {
        let is_time = sql_type.starts_with("DATE") || sql_type.starts_with("TIMESTAMP");
        let is_row_time = name == "known_at" || name == known_at;
        let is_declared =
            source.spec.column(&name).is_some_and(|column| column.is_static || column.when != When::WithRow);
        if is_time && !is_row_time && !is_declared {
            return Err(Problem::usage(format!("column `{name}` does not say when it became known"))
                .at(source.column_place(templates, &name))
                .hint(
                    "give it 'known_at', 'as_of', or 'static': true if it is no news (a promise, a plan); \
                     'derived': true where the SELECT makes it",
                )
                .into());
        }
    }
    Ok(())
}
