//! One source: its table, its as-of relation, its comments and its line in `pipeline.loads`.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;

use super::history::{self, Difference};
use super::{Source, as_of, check, kept};
use crate::diagnose::{advice, analyst};
use crate::fingerprint;
use crate::problem::Problem;
use crate::sql::normal;
use crate::template::{Rendered, Templates};
use crate::warehouse::{SqlError, Warehouse, ident, text};

/// Names the content of a source: what it is read from, how, and with what.
pub fn version(rendered: &Rendered, digest: &str, parts: &[&str]) -> String {
    let config = serde_json::to_string(&rendered.config).unwrap_or_default();
    let sql = normal(&rendered.sql);
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

/// Replaces one source, and says how it differs from what it was. Runs inside the load's transaction.
pub fn load(
    warehouse: &Warehouse,
    templates: &Templates,
    source: &Source,
    force: bool,
) -> Result<Option<Difference>> {
    let own =
        source.rendered.select().map_err(|error| analyst(warehouse, error, &source.rendered, templates))?;
    let select = as_of::loaded_select(&source.spec, &own);
    let head = format!("create or replace table {} as ", source.table());
    let before = earlier_rows(warehouse, source)?;
    let is_comparable = was_read_alike(warehouse, source)?;
    if is_comparable {
        history::keep_before(warehouse, source)?;
    }
    warehouse.batch(&format!("{head}{select}")).map_err(|error| {
        explain(warehouse, templates, source, &select.as_str()[..select.start()], error.shifted(head.len()))
    })?;
    check::columns(warehouse, templates, source)?;
    check::key(warehouse, templates, source)?;
    check::known(warehouse, source)?;
    check::times(warehouse, templates, source)?;
    as_of::check_moments(warehouse, templates, &source.name, &source.spec)?;
    check::rows(warehouse, source, before, force)?;
    kept::keep(warehouse, source)?;
    as_of::create(warehouse, &source.name, &source.spec)?;
    comment(warehouse, source)?;
    let difference = is_comparable.then(|| history::difference(warehouse, source)).transpose()?;
    record(warehouse, source, difference.as_ref().and_then(|difference| difference.equal_until))?;
    Ok(difference)
}

/// Whether the source is there, read by the same SQL and config as now.
fn was_read_alike(warehouse: &Warehouse, source: &Source) -> Result<bool> {
    let sql = "select definition from pipeline.loads where source = ? and is_current";
    let before = warehouse.row(sql, &[&source.name], |row| row.get::<_, Option<String>>(0))?.flatten();
    Ok(before.is_some_and(|before| before == source.definition))
}

/// An error in what the config says of `known_at`, which stands in `head` before the SELECT, or in the SELECT.
fn explain(
    warehouse: &Warehouse,
    templates: &Templates,
    source: &Source,
    head: &str,
    error: SqlError,
) -> Problem {
    let file = &source.rendered.file;
    let is_ahead = error.position.map_or(error.class == "Binder", |at| at < head.len());
    if let Some(known_at) = source.spec.known_at.as_deref().filter(|_| is_ahead) {
        let start = head.rfind(known_at).unwrap_or(0);
        let at = error.position.and_then(|at| at.checked_sub(start)).unwrap_or(0);
        let advice = advice(warehouse, "", &error, &[]);
        return Problem::usage(format!("known_at does not work: {}", advice.message))
            .maybe_hint(advice.hint)
            .at(templates.in_config(file, "known_at", at))
            .hint("known_at is an expression over the columns of this file's SELECT");
    }
    let mut problem = analyst(warehouse, error.shifted(head.len()), &source.rendered, templates);
    if let Some(raw) = &source.file {
        problem.message = format!("could not load `{}`: {}", raw.name(), problem.message);
    }
    problem
}

/// Rows of the last load, where it was from files and this one is as well.
fn earlier_rows(warehouse: &Warehouse, source: &Source) -> Result<Option<i64>> {
    let sql = "select rows from pipeline.loads where source = ? and is_current and file <> 'sample'";
    let before = warehouse.row(sql, &[&source.name], |row| row.get(0))?;
    Ok(before.filter(|_| source.file.is_some()))
}

fn comment(warehouse: &Warehouse, source: &Source) -> Result<()> {
    let table = source.table();
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

fn record(warehouse: &Warehouse, source: &Source, equal_until: Option<NaiveDate>) -> Result<()> {
    let file = source.file.as_ref().map_or_else(|| "sample".to_owned(), super::file::RawFile::name);
    let bytes = i64::try_from(source.file.as_ref().map_or(0, |file| file.bytes))?;
    warehouse.execute("update pipeline.loads set is_current = false where source = ?", &[&source.name])?;
    warehouse.execute(
        &format!(
            "insert into pipeline.loads
             select ?, 1 + coalesce((select max(load_id) from pipeline.loads), 0), ?, ?, ?, ?,
                 (select count(*) from {}), now()::timestamp, true, ?, ?",
            source.table()
        ),
        &[&source.name, &file, &bytes, &source.digest, &source.version, &source.definition, &equal_until],
    )?;
    Ok(())
}

/// Sources that were loaded before and are not in this load go: what needs them says so when it runs.
pub fn forget_missing(warehouse: &Warehouse, sources: &[Source]) -> Result<()> {
    for name in current_versions(warehouse)?.into_keys() {
        if sources.iter().all(|source| source.name != name) {
            kept::forget(warehouse, &name)?;
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
