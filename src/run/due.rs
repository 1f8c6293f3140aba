//! What a run does with a model at a reference date: whether it is to be trained, and why.

use std::fmt;

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
            Some(why) => {
                let attempt = self.train(model, date, &why.to_string());
                match self.attempt(&model.training(), date, attempt)? {
                    Some(Attempt::Trained(version, training)) => {
                        train::note(&version, &training);
                        Some(version)
                    }
                    Some(Attempt::TooEarly(cause)) => {
                        self.not_trained(model, date, &why, champion.as_ref(), &cause);
                        champion
                    }
                    other => {
                        let cause = match other {
                            Some(Attempt::Lacking(table)) => format!("{table} could not be built"),
                            _ => "the training failed".to_owned(),
                        };
                        tell_not_trained(model, date, champion.as_ref(), &cause);
                        champion
                    }
                }
            }
        };
        let Some(version) = version else { return Ok(None) };
        self.unscored.remove(&model.name);
        let scored = self.score(model, &version, date)?;
        Ok(Some((version, scored)))
    }

    /// A model whose files changed is expected to show it: scores of the old one are not what was asked for.
    fn not_trained(
        &mut self,
        model: &Model,
        date: NaiveDate,
        why: &Reason,
        champion: Option<&Version>,
        cause: &str,
    ) {
        if let (Some(Version { number, .. }), Reason::Edited { .. }) = (champion, why) {
            self.outdated.push(format!(
                "{}: cannot be trained as of {date}: {cause}, though {why}; scored by version {number}, of the files before",
                model.name
            ));
            return;
        }
        if champion.is_none() {
            let why = format!("it cannot be trained as of {date}: {cause}");
            self.unscored.insert(model.name.clone(), why);
        }
        tell_not_trained(model, date, champion, cause);
    }
}

fn tell_not_trained(model: &Model, date: NaiveDate, champion: Option<&Version>, cause: &str) {
    let instead = match champion {
        Some(_) => "scored by the champion there is",
        None => "not scored",
    };
    term::note(&format!("{}: cannot be trained as of {date}: {cause}; {instead}", model.name));
}

/// Why a model is to be trained.
pub enum Reason {
    First,
    Edited { files: String, since: i32 },
    Old { version: i32, days: i64, limit: i64 },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("there is no champion yet"),
            Self::Edited { files, since } => write!(f, "{files} changed since version {since}"),
            Self::Old { version, days, limit } => {
                write!(f, "version {version} is {days} days old, retrain_days is {limit}")
            }
        }
    }
}

/// Why `model` is to be trained at `date`, where `champion` is in force.
pub fn reason(
    catalog: &Catalog,
    model: &Model,
    champion: Option<&Version>,
    date: NaiveDate,
) -> Result<Option<Reason>> {
    let Some(Version { number, as_of, definition, definition_parts: before, .. }) = champion else {
        return Ok(Some(Reason::First));
    };
    let (now, parts) = catalog.definition(model)?;
    if now != *definition {
        let edited = parts.iter().filter(|(file, hash)| before.get(*file) != Some(hash));
        let gone = before.keys().filter(|file| !parts.contains_key(*file));
        let files: Vec<&str> = edited.map(|(file, _)| file).chain(gone).map(String::as_str).collect();
        return Ok(Some(Reason::Edited { files: files.join(", "), since: *number }));
    }
    let (days, limit) = ((date - *as_of).num_days(), model.spec.retrain_days);
    Ok((days >= limit).then_some(Reason::Old { version: *number, days, limit }))
}
