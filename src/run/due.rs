//! What a run does with a model at a reference date: whether it is to be trained, and why.

use anyhow::Result;
use chrono::NaiveDate;

use super::train::{self, Attempt};
use super::{Run, Scored};
use crate::catalog::{Catalog, Model};
use crate::registry::{self, Version};
use crate::term;

impl<'a> Run<'a> {
    /// Trains `model` at `date` if that is due, and scores the date; `None` where no version can.
    pub fn step(&mut self, model: &'a Model, date: NaiveDate) -> Result<Option<(Version, Scored)>> {
        let champion = registry::in_force(self.warehouse, &model.name, date)?;
        let version = match reason(self.catalog, model, champion.as_ref(), date)? {
            None => champion,
            Some(why) => match self.train(model, date, &why)? {
                Attempt::Trained(version, training) => {
                    train::note(&version, &training);
                    Some(version)
                }
                Attempt::TooEarly(why) => {
                    let then =
                        if champion.is_some() { "scored by the champion there is" } else { "not scored" };
                    term::note(&format!("{}: cannot be trained as of {date}: {why}; {then}", model.name));
                    champion
                }
            },
        };
        let Some(version) = version else { return Ok(None) };
        let scored = self.score(model, &version, date)?;
        Ok(Some((version, scored)))
    }
}

/// Why `model` is to be trained at `date`, where `champion` is in force.
fn reason(
    catalog: &Catalog,
    model: &Model,
    champion: Option<&Version>,
    date: NaiveDate,
) -> Result<Option<String>> {
    let Some(Version { number, as_of, definition, definition_parts: before, .. }) = champion else {
        return Ok(Some("there is no champion yet".to_owned()));
    };
    let (now, parts) = catalog.definition(model)?;
    if now != *definition {
        let edited = parts.iter().filter(|(file, hash)| before.get(*file) != Some(hash));
        let gone = before.keys().filter(|file| !parts.contains_key(*file));
        let files: Vec<&str> = edited.map(|(file, _)| file).chain(gone).map(String::as_str).collect();
        return Ok(Some(format!("{} changed since version {number}", files.join(", "))));
    }
    let (age, limit) = ((date - *as_of).num_days(), model.spec.retrain_days);
    Ok((age >= limit).then(|| format!("version {number} is {age} days old, retrain_days is {limit}")))
}
