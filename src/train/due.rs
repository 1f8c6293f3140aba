//! Whether a model is to be trained at a reference date, and why.

use anyhow::Result;
use chrono::NaiveDate;

use super::Parts;
use crate::build::{Catalog, Model};
use crate::fingerprint;
use crate::registry::{self, Version};
use crate::warehouse::Warehouse;

/// What a run does with a model at a date.
#[derive(Debug)]
pub enum Due {
    /// Score with this version.
    Score(Box<Version>),
    /// Train first, for this reason.
    Train(String),
}

/// Renders at this date have the same text whenever they are made, so that only edits change it.
fn fixed_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2001, 1, 1).unwrap_or(NaiveDate::MIN)
}

/// What decides a training, file by file: the model and all tables it needs.
///
/// # Errors
/// A file with a mistake.
pub fn definition(catalog: &Catalog, model: &Model) -> Result<(String, Parts)> {
    let own = model.table();
    let mut parts = Parts::new();
    for name in catalog.upstream(&own).into_iter().chain([own.clone()]) {
        let rendered = catalog.render(&name, fixed_date())?;
        let sql = fingerprint::normal(&rendered.sql);
        let substance = if name == own { model.spec.substance() } else { String::new() };
        parts.insert(rendered.file, fingerprint::of(&[&sql, &substance]));
    }
    Ok((fingerprint::of_named(&parts), parts))
}

/// What `olist run` does with `model` at `date`.
///
/// # Errors
/// When the registry cannot be read, or a file has a mistake.
pub fn due(warehouse: &Warehouse, catalog: &Catalog, model: &Model, date: NaiveDate) -> Result<Due> {
    let Some(champion) = registry::in_force(warehouse, &model.name, date)? else {
        return Ok(Due::Train("there is no champion yet".to_owned()));
    };
    let (now, parts) = definition(catalog, model)?;
    if now != champion.definition {
        let changed: Vec<&str> = parts
            .iter()
            .filter(|(file, hash)| champion.definition_parts.get(*file) != Some(hash))
            .map(|(file, _)| file.as_str())
            .chain(
                champion
                    .definition_parts
                    .keys()
                    .filter(|file| !parts.contains_key(*file))
                    .map(String::as_str),
            )
            .collect();
        return Ok(Due::Train(format!("{} changed since version {}", changed.join(", "), champion.number)));
    }
    let age = (date - champion.as_of).num_days();
    if age >= model.spec.retrain_days {
        return Ok(Due::Train(format!(
            "version {} is {age} days old, retrain_days is {}",
            champion.number, model.spec.retrain_days
        )));
    }
    Ok(Due::Score(Box::new(champion)))
}
