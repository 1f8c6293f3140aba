//! One source: its table, its as-of relation, its comments and its line in `pipeline.loads`.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;

use super::file::RawFile;
use super::history::Difference;
use super::{Loader, Source, as_of, kept};
use crate::diagnose::{advice, analyst};
use crate::fingerprint;
use crate::problem::Problem;
use crate::template::Rendered;
use crate::warehouse::{SqlError, Warehouse, ident, text};

const KNOWN_AT: &str = "When the row became known; at a reference date it exists only if this is before it";

/// Names the content of a source: what it is read from, how, and with what.
pub fn version(rendered: &Rendered, digest: &str, parts: &[&str]) -> String {
    let config = serde_json::to_string(&rendered.config).unwrap_or_default();
    fingerprint::of(&[&[&config, &rendered.normal, digest], parts].concat())
}

/// The version of every source as it is loaded now.
pub fn current_versions(warehouse: &Warehouse) -> Result<BTreeMap<String, String>> {
    let sql = "select source, version from pipeline.loads where is_current";
    Ok(warehouse.rows(sql, &[], |row| row.try_into())?.into_iter().collect())
}

impl Loader<'_> {
    /// Replaces the source, and says how it differs from what it was. Runs inside the load's transaction.
    pub fn load(self, force: bool) -> Result<Option<Difference>> {
        let Self { warehouse, templates, source } = self;
        let own = source.rendered.select();
        let own = own.map_err(|error| analyst(warehouse, error, &source.rendered, templates))?;
        let select = as_of::loaded_select(&source.spec, &own);
        let head = format!("create or replace table {} as ", source.table());
        let sql = "select any_value(rows) filter (where file <> 'sample'), any_value(definition)
            from pipeline.loads where source = ? and is_current";
        let (before, definition): (Option<i64>, Option<String>) =
            warehouse.one(sql, &[&source.name], |row| row.try_into())?;
        // Read by the same SQL and config as now.
        let is_comparable = definition.is_some_and(|definition| definition == source.definition);
        if is_comparable {
            self.keep_before()?;
        }
        warehouse
            .batch(&format!("{head}{select}"))
            .map_err(|error| self.explain(&select.as_str()[..select.start()], error.shifted(head.len())))?;
        self.check_columns()?;
        self.check_key()?;
        self.check_known()?;
        self.check_times()?;
        as_of::check_moments(warehouse, templates, &source.name, &source.spec)?;
        self.check_rows(before, force)?;
        self.keep_raw()?;
        as_of::create(warehouse, &source.name, &source.spec)?;
        self.comment()?;
        let difference = is_comparable.then(|| self.difference()).transpose()?;
        self.record(difference.as_ref().and_then(|difference| difference.equal_until))?;
        Ok(difference)
    }

    /// An error in what the config says of `known_at`, which stands in `head` before the SELECT, or in the SELECT.
    fn explain(self, head: &str, error: SqlError) -> Problem {
        let Self { warehouse, templates, source } = self;
        let is_ahead = error.position.map_or(error.class == "Binder", |at| at < head.len());
        if let Some(known_at) = source.spec.known_at.as_deref().filter(|_| is_ahead) {
            let start = head.rfind(known_at).unwrap_or(0);
            let at = error.position.and_then(|at| at.checked_sub(start)).unwrap_or(0);
            let advice = advice(warehouse, "", &error, &[]);
            return Problem::usage(format!("known_at does not work: {}", advice.message))
                .at(templates.in_config(&source.rendered.file, "known_at", at))
                .hint("known_at is an expression over the columns of this file's SELECT");
        }
        let mut problem = analyst(warehouse, error.shifted(head.len()), &source.rendered, templates);
        if let Some(raw) = &source.file {
            problem.message = format!("could not load `{}`: {}", raw.name(), problem.message);
        }
        problem
    }

    fn comment(self) -> Result<()> {
        let (table, spec) = (self.source.table(), &self.source.spec);
        let mut statements = vec![
            format!("comment on table {table} is {}", text(&spec.description)),
            format!("comment on column {table}.known_at is {}", text(KNOWN_AT)),
        ];
        let present = self.columns()?;
        for column in spec.columns.iter().filter(|column| !column.description.is_empty()) {
            if present.iter().any(|(name, _)| *name == column.name) {
                let (name, description) = (ident(&column.name), text(&column.description));
                statements.push(format!("comment on column {table}.{name} is {description}"));
            }
        }
        Ok(self.warehouse.batch(&statements.join(";"))?)
    }

    fn record(self, equal_until: Option<NaiveDate>) -> Result<()> {
        let Source { name, file, digest, version, definition, .. } = self.source;
        let bytes = i64::try_from(file.as_ref().map_or(0, |file| file.bytes))?;
        let file = file.as_ref().map_or_else(|| "sample".to_owned(), RawFile::name);
        let no_more = "update pipeline.loads set is_current = false where source = ?";
        self.warehouse.execute(no_more, &[name])?;
        self.warehouse.execute(
            &format!(
                "insert into pipeline.loads
                 select ?, 1 + coalesce((select max(load_id) from pipeline.loads), 0), ?, ?, ?, ?,
                     (select count(*) from {}), now()::timestamp, true, ?, ?",
                self.source.table()
            ),
            &[name, &file, &bytes, digest, version, definition, &equal_until],
        )?;
        Ok(())
    }
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
