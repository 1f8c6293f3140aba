//! Whether a model is to be trained at a reference date, and why.

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model};
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

/// What `olist run` does with `model` at `date`.
pub fn due(warehouse: &Warehouse, catalog: &Catalog, model: &Model, date: NaiveDate) -> Result<Due> {
    let Some(champion) = registry::in_force(warehouse, &model.name, date)? else {
        return Ok(Due::Train("there is no champion yet".to_owned()));
    };
    let (now, parts) = catalog.definition(model)?;
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
