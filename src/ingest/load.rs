//! One source: its table, its as-of relation, its comments and its line in `pipeline.loads`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::{Source, duplicate, source_file};
use crate::config::{SourceSpec, When};
use crate::diagnose::analyst;
use crate::fingerprint;
use crate::loss;
use crate::problem::{Place, Problem};
use crate::template::{Rendered, Templates};
use crate::warehouse::{SqlError, Warehouse, ident, idents, text};

/// Names the content of a source: what it is read from, how, and with what.
pub fn version(rendered: &Rendered, digest: &str, parts: &[&str]) -> String {
    let config = serde_json::to_string(&rendered.config).unwrap_or_default();
    let sql = fingerprint::normal(&rendered.sql);
    let mut all = vec![config.as_str(), sql.as_str(), digest];
    all.extend(parts);
    fingerprint::of(&all)
}

/// The version of every source as it is loaded now.
pub fn current_versions(warehouse: &Warehouse) -> Result<BTreeMap<String, String>> {
    let rows = warehouse.rows("select source, version from pipeline.loads where is_current", &[], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.into_iter().collect())
}

/// The rows of a source as they are kept, with `known_at`: made of its own SELECT, which starts at the offset.
pub fn loaded_select(spec: &SourceSpec, select: &str) -> (usize, String) {
    let known_at = spec.known_at.as_deref().unwrap_or("null");
    // A column that the SELECT adds only to say when a row became known is kept once, as known_at.
    let is_name = known_at != "null" && known_at.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_helper = is_name && spec.column(known_at).is_none();
    let kept = if is_helper { format!("q.* exclude ({})", ident(known_at)) } else { "q.*".to_owned() };
    let head = format!("select {kept}, cast(({known_at}) as timestamp) as known_at from (\n");
    (head.len(), format!("{head}{select}\n) as q"))
}

/// Replaces one source. Runs inside the load's transaction.
pub fn load(warehouse: &Warehouse, templates: &Templates, source: &Source, force: bool) -> Result<()> {
    let table = format!("sources.{}", ident(&source.name));
    let (start, select) = loaded_select(&source.spec, &source.rendered.sql);
    let head = format!("create or replace table {table} as ");
    let sql = format!("{head}{select}");
    let (known_at, head) = (source.spec.known_at.as_deref().unwrap_or("null"), &sql[..head.len() + start]);
    let before = earlier_rows(warehouse, source)?;
    warehouse.batch(&sql).map_err(|error| {
        // The first of what the config says stands before the SELECT.
        let is_ahead = error.position.map_or(error.class == "Binder", |at| at < head.len());
        let start = head.rfind(known_at).unwrap_or(0);
        let at = error.position.and_then(|at| at.checked_sub(start)).unwrap_or(0);
        let within = (is_ahead && source.spec.known_at.is_some()).then_some(at);
        match within {
            Some(at) => Problem::usage(format!("known_at does not work: {}", error.headline()))
                .maybe_hint(error.near())
                .at(templates.in_config(&source.rendered.file, "known_at", at))
                .hint("known_at is an expression over the columns of this file's SELECT"),
            None => load_problem(warehouse, error, head.len(), templates, source),
        }
    })?;
    check_key(warehouse, templates, &table, source)?;
    check_known(warehouse, &table, source)?;
    check_times(warehouse, templates, source)?;
    check_moments(warehouse, templates, &source.name, &source.spec)?;
    if let Some(before) = before.filter(|_| !force) {
        check_rows(warehouse, &table, source, before)?;
    }
    let macro_sql = as_of(warehouse, source)?;
    warehouse.batch(&macro_sql)?;
    comment(warehouse, &table, source)?;
    record(warehouse, source)
}

fn load_problem(
    warehouse: &Warehouse,
    error: SqlError,
    head: usize,
    templates: &Templates,
    source: &Source,
) -> Problem {
    let path = source.found.path.as_deref();
    if let Some(problem) = path.and_then(|path| csv_problem(&error, path)) {
        return problem;
    }
    let mut problem = analyst(warehouse, error.shifted(head), &source.rendered, templates);
    if let Some(path) = path {
        problem.message = format!("could not load `{}`: {}", path.display(), problem.message);
    }
    problem
}

/// DuckDB's message on a CSV file, with its line, column and value.
fn csv_problem(error: &SqlError, path: &Path) -> Option<Problem> {
    let message = &error.message;
    let after =
        |mark: &str| message.split_once(mark).map(|(_, rest)| rest.lines().next().unwrap_or_default().trim());
    let line: usize = after("CSV Error on Line:")?.parse().ok()?;
    let text = after("Original Line:").unwrap_or_default().to_owned();
    let what = message.lines().find(|line| {
        let starts = [
            "Error when converting",
            "Expected Number",
            "Value with",
            "Invalid unicode",
            "Maximum line size",
        ];
        starts.iter().any(|start| line.trim().starts_with(start))
    });
    let what = what.unwrap_or("this line is not valid CSV").trim();
    let value = what.split_once("string \"").and_then(|(_, rest)| Some(rest.split_once("\" to ")?.0));
    let column = value.and_then(|value| column_of_cell(&text, value)).unwrap_or(0);
    let place = Place { file: path.display().to_string(), line, column, text };
    Some(Problem::data(what.to_owned()).at(place).hint("mend or fetch the file again; nothing was loaded"))
}

/// Where a cell of this value begins in a line of CSV; counts from 1.
fn column_of_cell(line: &str, value: &str) -> Option<usize> {
    let is_edge = |c: Option<char>| c.is_none_or(|c| c == ',' || c == '"');
    let is_cell = |at: &usize| {
        is_edge(line[..*at].chars().next_back()) && is_edge(line[at + value.len()..].chars().next())
    };
    let at = line.match_indices(value).map(|(at, _)| at).find(is_cell)?;
    Some(line[..at].chars().count() + 1)
}

fn check_key(warehouse: &Warehouse, templates: &Templates, table: &str, source: &Source) -> Result<()> {
    let key = &source.spec.key;
    if key.is_empty() {
        return Ok(());
    }
    let columns = idents(key);
    let nulls = key.iter().map(|name| format!("{} is null", ident(name))).collect::<Vec<_>>().join(" or ");
    let empty = warehouse
        .row(&format!("select count(*) from {table} where {nulls}"), &[], |row| row.get::<_, i64>(0))?;
    if empty.unwrap_or(0) > 0 {
        return Err(Problem::data(format!(
            "{} rows of `{}` have no key ({})",
            empty.unwrap_or(0),
            source.name,
            key.join(", ")
        ))
        .at(templates.config_key(&source.rendered.file, "key"))
        .hint("every row needs its key; nothing was loaded")
        .into());
    }
    let twice = format!("select 1 from {table} group by {columns} having count(*) > 1 limit 1");
    if warehouse.row(&twice, &[], |_| Ok(()))?.is_some() {
        let mut problem = duplicate::problem(source.found.path.as_deref(), key, &source.name)?;
        problem.place.get_or_insert_with(|| templates.config_key(&source.rendered.file, "key"));
        return Err(problem.into());
    }
    Ok(())
}

/// Rows of the last load, where it was from files and this one is as well.
fn earlier_rows(warehouse: &Warehouse, source: &Source) -> Result<Option<i64>> {
    let sql = "select rows from pipeline.loads where source = ? and is_current and file <> 'sample'";
    let before = warehouse.row(sql, &[&source.name], |row| row.get(0))?;
    Ok(before.filter(|_| source.found.path.is_some()))
}

/// A file that lost most of its rows is more often cut off than true.
fn check_rows(warehouse: &Warehouse, table: &str, source: &Source, before: i64) -> Result<()> {
    let rows: i64 =
        warehouse.row(&format!("select count(*) from {table}"), &[], |row| row.get(0))?.unwrap_or(0);
    if before == 0 || rows > 0 && !loss::is_most(rows, before as f64) {
        return Ok(());
    }
    Err(Problem::data(format!(
        "`{}` has {rows} rows, and had {before} when it was loaded before",
        source.name
    ))
    .hint("is the file whole? the last load stays; --force replaces it")
    .into())
}

/// Nothing can be known that has not happened yet, and infinity never does.
fn check_known(warehouse: &Warehouse, table: &str, source: &Source) -> Result<()> {
    let key = if source.spec.key.is_empty() { "'a row'".to_owned() } else { idents(&source.spec.key) };
    let tomorrow = chrono::Utc::now().naive_utc() + chrono::Days::new(1);
    let sql = format!(
        "select count(*), (arg_min(({key})::varchar, known_at)), min(known_at)::varchar
         from {table} where not isfinite(known_at) or known_at > ?"
    );
    let found = warehouse.row(&sql, &[&tomorrow], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    if let Some((rows, Some(key), Some(moment))) = found.filter(|(rows, ..)| *rows > 0) {
        let first = format!("the first, {key}, at {moment}");
        return Err(Problem::data(format!(
            "{rows} rows of `{}` become known at a moment that has not come: {first}",
            source.name
        ))
        .hint("a wrong date in the file? nothing was loaded")
        .into());
    }
    Ok(())
}

/// Every `known_at` and `as_of` of a column has to be an expression over the row.
pub fn check_moments(
    warehouse: &Warehouse,
    templates: &Templates,
    name: &str,
    spec: &SourceSpec,
) -> Result<()> {
    const HEAD: &str = "select (";
    let rows = format!("(select *, date '2018-01-01' as reference_date from sources.{})", ident(name));
    for column in &spec.columns {
        let (key, expression) = match &column.when {
            When::KnownAt(moment) => ("known_at", moment),
            When::AsOf(value) => ("as_of", value),
            When::WithRow => continue,
        };
        if let Err(error) = warehouse.describe(&format!("{HEAD}{expression}) from {rows}")) {
            let error = error.shifted(HEAD.len());
            let path = format!("columns.{}.{key}", column.name);
            let place = templates.in_config(&source_file(name), &path, error.position.unwrap_or(0));
            return Err(Problem::usage(format!(
                "`{key}` of `{}` does not work: {}",
                column.name,
                error.headline()
            ))
            .at(place)
            .hint("known_at and as_of are expressions over the row; `reference_date` is a DATE in them")
            .into());
        }
    }
    Ok(())
}

/// Every date or time has to say when it became known.
fn check_times(warehouse: &Warehouse, templates: &Templates, source: &Source) -> Result<()> {
    for (name, sql_type) in warehouse.columns(&format!("sources.{}", source.name))? {
        let is_time = sql_type.starts_with("DATE") || sql_type.starts_with("TIMESTAMP");
        let is_row_time = name == "known_at" || source.spec.known_at.as_deref() == Some(&name);
        let declared =
            source.spec.column(&name).is_some_and(|column| column.is_static || column.when != When::WithRow);
        if is_time && !is_row_time && !declared && source.spec.known_at.is_some() {
            let file = &source.rendered.file;
            return Err(Problem::usage(format!("column `{name}` does not say when it became known"))
                .at(templates.config_key(file, &format!("columns.{name}")))
                .hint("give it 'known_at', 'as_of', or 'static': true if it is no news (a promise, a plan); 'derived': true where the SELECT makes it")
                .into());
        }
    }
    Ok(())
}

/// The macro `sources.<name>_as_of(reference_date)`.
fn as_of(warehouse: &Warehouse, source: &Source) -> Result<String> {
    let select = as_of_select(warehouse, &source.name, &source.spec)?;
    let name = ident(&format!("{}_as_of", source.name));
    Ok(format!("create or replace macro sources.{name}(reference_date) as table {select}"))
}

/// The SELECT of what a source knew strictly before midnight of `reference_date`, by its config.
pub fn as_of_select(warehouse: &Warehouse, name: &str, spec: &SourceSpec) -> Result<String> {
    let mut columns = Vec::new();
    for (column, _) in warehouse.columns(&format!("sources.{name}"))? {
        let quoted = ident(&column);
        columns.push(match spec.column(&column).map(|column| &column.when) {
            Some(When::KnownAt(moment)) => {
                format!("case when ({moment}) < reference_date then {quoted} end as {quoted}")
            }
            Some(When::AsOf(value)) => format!("({value}) as {quoted}"),
            Some(When::WithRow) | None => quoted,
        });
    }
    let filter = if spec.known_at.is_some() { " where known_at < reference_date" } else { "" };
    Ok(format!("select {} from sources.{}{filter}", columns.join(", "), ident(name)))
}

fn comment(warehouse: &Warehouse, table: &str, source: &Source) -> Result<()> {
    let known_at = "When the row became known; at a reference date it exists only if this is before it";
    let mut statements = vec![
        format!("comment on table {table} is {}", text(&source.spec.description)),
        format!("comment on column {table}.known_at is {}", text(known_at)),
    ];
    let present = warehouse.columns(&format!("sources.{}", source.name))?;
    for column in source.spec.columns.iter().filter(|column| !column.description.is_empty()) {
        if present.iter().any(|(name, _)| *name == column.name) {
            let (name, description) = (ident(&column.name), text(&column.description));
            statements.push(format!("comment on column {table}.{name} is {description}"));
        }
    }
    Ok(warehouse.batch(&statements.join(";"))?)
}

fn record(warehouse: &Warehouse, source: &Source) -> Result<()> {
    let file =
        source.found.path.as_ref().map_or_else(|| "sample".to_owned(), |path| path.display().to_string());
    let bytes = i64::try_from(source.found.bytes)?;
    warehouse.execute("update pipeline.loads set is_current = false where source = ?", &[&source.name])?;
    warehouse.execute(
        &format!(
            "insert into pipeline.loads
             select ?, 1 + coalesce((select max(load_id) from pipeline.loads), 0), ?, ?, ?, ?,
                 (select count(*) from sources.{}), now()::timestamp, true",
            ident(&source.name)
        ),
        &[&source.name, &file, &bytes, &source.found.digest, &source.version],
    )?;
    Ok(())
}

/// Sources that were loaded before and are not in this load go: what needs them says so when it runs.
pub fn forget_missing(warehouse: &Warehouse, sources: &[Source]) -> Result<()> {
    for name in current_versions(warehouse)?.into_keys() {
        if sources.iter().all(|source| source.name != name) {
            warehouse.batch(&format!(
                "drop table if exists sources.{}; drop macro table if exists sources.{};",
                ident(&name),
                ident(&format!("{name}_as_of"))
            ))?;
            warehouse.execute("update pipeline.loads set is_current = false where source = ?", &[&name])?;
        }
    }
    Ok(())
}
