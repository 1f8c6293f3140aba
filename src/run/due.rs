//! What a run does with a model at a reference date: whether it is to be trained, and why.

use std::fmt;

use anyhow::Result;
use chrono::NaiveDate;

use super::train::{self, Attempt, How};
use super::{Run, Scored};
use crate::catalog::{Catalog, Model};
use crate::registry::{self, Version};
use crate::term;

impl<'a> Run<'a> {
    /// Trains `model` at `date` if that is due, and scores the date; `None` where no version can.
    pub fn step(&mut self, model: &'a Model, date: NaiveDate) -> Result<Option<(Version, Scored)>> {
        let champion = registry::in_force(self.warehouse, &model.name, date)?;
        if let Some(version) = &champion {
            self.keep_files(model, version)?;
        }
        let version = match self.reason(model, champion.as_ref(), date)? {
            None => champion,
            Some(why) => self.renew(model, date, &why, champion)?,
        };
        let Some(version) = version else { return Ok(None) };
        let scored = self.score(model, &version, date)?;
        Ok(Some((version, scored)))
    }

    /// The version that serves `date` after a training.
    fn renew(
        &mut self,
        model: &'a Model,
        date: NaiveDate,
        why: &Reason,
        champion: Option<Version>,
    ) -> Result<Option<Version>> {
        if let (Reason::Old { is_edited: true, .. }, Some(version)) = (why, &champion) {
            let again = self.fit_again(model, version, date, &why.to_string())?;
            let Some((version, training)) = again else { return Ok(champion) };
            train::note(&version, &training);
            return Ok(Some(version));
        }
        let how = How { why: &why.to_string(), is_accepted: self.is_accepted };
        match self.train(model, date, how)? {
            Attempt::Trained(fitted) => {
                fitted.made.iter().for_each(|(version, training)| train::note(version, training));
                Ok(Some(fitted.serves))
            }
            Attempt::TooEarly(cause) => {
                self.not_trained(model, date, why, champion.as_ref(), &cause);
                Ok(champion)
            }
        }
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
        let told = format!("{}: cannot be trained as of {date}: {cause}", model.name);
        match (champion, why) {
            (Some(Version { number, .. }), Reason::Edited { .. }) => {
                self.outdated
                    .push(format!("{told}, though {why}; scored by version {number}, of the files before"));
            }
            (Some(_), _) => term::note(&format!("{told}; scored by the champion there is")),
            (None, _) => term::note(&format!("{told}; not scored")),
        }
    }

    /// Why `model` is to be trained at `date`, where `champion` is in force. Edited files that did not take over are
    /// tried again after `retrain_days`, as everything is.
    fn reason(
        &mut self,
        model: &Model,
        champion: Option<&Version>,
        date: NaiveDate,
    ) -> Result<Option<Reason>> {
        let Some(champion) = champion else { return Ok(Some(Reason::First)) };
        let (days, limit) = ((date - champion.as_of).num_days(), model.spec.retrain_days);
        let number = champion.number;
        let edited = edited(self.catalog, model, champion)?;
        if let Some((definition, files)) = &edited {
            let tried = registry::tried(self.warehouse, &model.name, definition, date)?;
            let tried = tried.filter(|tried| (date - tried.as_of).num_days() < limit);
            let Some(tried) = tried.filter(|_| !self.is_accepted) else {
                return Ok(Some(Reason::Edited { files: files.clone(), since: number }));
            };
            let Version { number: other, as_of, .. } = tried;
            self.tell_once(&format!(
                "{0}: version {number} serves, by its own files: {files} changed since, and version {other}, which is of \
                 the files as they are, as of {as_of}, does not; `olist run --date {date} --accept` or \
                 `olist promote {0} {other}` makes it champion, or undo the edit",
                model.name
            ));
        }
        let old = Reason::Old { version: number, days, limit, is_edited: edited.is_some() };
        Ok((days >= limit).then_some(old))
    }

    fn tell_once(&mut self, text: &str) {
        if self.told.insert(text.to_owned()) {
            term::note(text);
        }
    }
}

/// Why a model is to be trained.
enum Reason {
    First,
    Edited { files: String, since: i32 },
    Old { version: i32, days: i64, limit: i64, is_edited: bool },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("there is no champion yet"),
            Self::Edited { files, since } => write!(f, "{files} changed since version {since}"),
            Self::Old { version, days, limit, .. } => {
                write!(f, "version {version} is {days} days old, retrain_days is {limit}")
            }
        }
    }
}

/// The definition of `model`'s files, and which of them changed, where they are not those of `version`.
fn edited(catalog: &Catalog, model: &Model, version: &Version) -> Result<Option<(String, String)>> {
    let (now, parts) = catalog.definition(model)?;
    if now == version.definition {
        return Ok(None);
    }
    let before = &version.definition_parts;
    let edited = parts.iter().filter(|(file, hash)| before.get(*file) != Some(hash));
    let gone = before.keys().filter(|file| !parts.contains_key(*file));
    let files: Vec<&str> = edited.map(|(file, _)| file).chain(gone).map(String::as_str).collect();
    Ok(Some((now, files.join(", "))))
}
