//! What is told of a version, whatever happened to it.

use anyhow::{Context, Result};
use chrono::NaiveDateTime;

use super::api::{Texts, texts};
use super::message::{Training, key};
use crate::registry::{self, Version};
use crate::warehouse::Warehouse;

/// What the registry says of a version, beyond what scoring needs.
pub struct Details {
    pub version: Version,
    pub inputs: i64,
    pub rows: i64,
    pub data_digest: String,
    pub tool_version: String,
    pub run_id: String,
    pub command: String,
    pub trained_at: NaiveDateTime,
    pub reason: String,
}

impl Details {
    pub fn read(warehouse: &Warehouse, model: &str, number: i32) -> Result<Self> {
        let version = registry::version(warehouse, model, number)?;
        let sql = "select len(m.inputs), m.trained_rows, m.data_digest, m.tool_version, m.run_id,
                       coalesce(any_value(r.command), ''), m.trained_at,
                       coalesce(first(c.reason order by c.since), any_value(t.reason), '')
                   from registry.models as m
                   left join registry.champions as c on c.model = m.model and c.version = m.version
                   left join registry.contests as t on t.model = m.model and t.version = m.version
                   left join pipeline.runs as r on r.run_id = m.run_id
                   where m.model = ? and m.version = ?
                   group by all";
        let details = warehouse.row(sql, &[&model, &number], |row| {
            Ok(Self {
                version: version.clone(),
                inputs: row.get(0)?,
                rows: row.get(1)?,
                data_digest: row.get(2)?,
                tool_version: row.get(3)?,
                run_id: row.get(4)?,
                command: row.get(5)?,
                trained_at: row.get(6)?,
                reason: row.get(7)?,
            })
        })?;
        details.context("a version has a line in registry.models")
    }

    pub fn key(&self) -> String {
        key("training", &self.run_id, &self.version.model, self.version.number, "")
    }

    pub fn tags(&self, training: &Training) -> Texts {
        let version = &self.version;
        let mut tags = texts([
            ("olist.kind", "training"),
            ("olist.version", &version.number.to_string()),
            ("olist.candidate", &version.candidate),
            ("olist.reference_date", &version.as_of.to_string()),
            ("olist.trained_through", &version.trained_through.to_string()),
            ("olist.definition", &version.definition),
            ("olist.data_digest", &self.data_digest),
            ("olist.tool_version", &self.tool_version),
            ("olist.run_id", &self.run_id),
            ("mlflow.note.content", &self.reason),
            ("mlflow.source.name", format!("olist {}", self.command).trim()),
            ("mlflow.source.type", "LOCAL"),
        ]);
        let parts = version.definition_parts.iter();
        tags.extend(parts.map(|(file, hash)| (format!("olist.fingerprint.{file}"), hash.clone())));
        let commit = training.git_commit.clone();
        tags.extend(commit.map(|commit| ("mlflow.source.git.commit".to_owned(), commit)));
        tags
    }
}
