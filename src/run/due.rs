//! What a run does with a model at a reference date: whether it is to be trained, and why.

use std::fmt;

use anyhow::Result;
use chrono::NaiveDate;

use super::train::{self, Attempt, Fitted};
use super::{Run, Scored};
use crate::catalog::{Catalog, Model};
use crate::partitions::SCRATCH;
use crate::registry::{self, Version};
use crate::term;
use crate::warehouse::Warehouse;

impl<'a> Run<'a> {
    /// Trains `model` at `date` if that is due, and scores the date; `None` where no version can.
    pub fn step(&mut self, model: &'a Model, date: NaiveDate) -> Result<Option<(Version, Scored)>> {
        let champion = registry::in_force(self.warehouse, &model.name, date)?;
        if let Some(version) = &champion {
            self.keep_files(model, version)?;
        }
        let due =
            due(self.warehouse, self.catalog, model, champion.as_ref(), date, self.options.is_accepted)?;
        if let Some(pending) = due.pending.filter(|pending| self.told.insert(pending.clone())) {
            term::note(&pending);
        }
        let version = match due.why {
            None => champion,
            Some(why) => self.renew(model, date, &why, champion)?,
        };
        let Some(version) = version else { return Ok(None) };
        self.unscored.remove(&model.name);
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
        let reason = why.to_string();
        if let Some(version) = self.planned(model, date)? {
            term::note(&format!(
                "{}: version {}, as `olist plan` has trained it: {reason}",
                model.name, version.number
            ));
            return Ok(Some(version));
        }
        let attempt = match (why, &champion) {
            (Reason::Old { is_edited: true, .. }, Some(version)) => {
                self.fit_again(model, version, date, &reason).map(|made| {
                    made.map_or_else(
                        || Attempt::TooEarly("its own files are not at hand".to_owned()),
                        |made| Attempt::Trained(Fitted { serves: made.0.clone(), made: vec![made] }),
                    )
                })
            }
            _ => self.train(model, date, &reason),
        };
        let (cause, is_early) = match self.attempt(&model.training(), date, attempt)? {
            Some(Attempt::Trained(fitted)) => {
                fitted.made.iter().for_each(|(version, training)| train::note(version, training));
                return Ok(Some(fitted.serves));
            }
            Some(Attempt::TooEarly(cause)) => (cause, true),
            Some(Attempt::Lacking(table)) => (format!("{table} could not be built"), false),
            None => ("the training failed".to_owned(), false),
        };
        let (name, what) = (&model.name, format!("cannot be trained as of {date}: {cause}"));
        match &champion {
            // A model whose files changed is expected to show it: scores of the old one are not what was asked for.
            Some(Version { number, .. }) if is_early && matches!(why, Reason::Edited { .. }) => {
                let instead = format!("scored by version {number}, of the files before");
                self.outdated.push(format!("{name}: {what}, though {why}; {instead}"));
            }
            Some(_) => term::note(&format!("{name}: {what}; scored by the champion there is")),
            None => {
                term::note(&format!("{name}: {what}; not scored"));
                if is_early {
                    self.unscored.insert(name.clone(), format!("it {what}"));
                }
            }
        }
        Ok(champion)
    }

    /// The version that serves after a training, where `olist plan` has made that.
    fn planned(&mut self, model: &'a Model, date: NaiveDate) -> Result<Option<Version>> {
        if self.options.is_accepted {
            return Ok(None);
        }
        let (definition, _) = self.catalog.definition(model)?;
        self.begin()?;
        let (warehouse, id) = (self.warehouse, &self.options.id);
        let adopted = registry::adopt(warehouse, SCRATCH, &model.name, date, &definition, id)?;
        if adopted.is_some() {
            // What it was trained on goes along.
            self.build(&self.catalog.upstream(&model.table()), &model.spec.snapshots(date))?;
        }
        Ok(adopted)
    }
}

/// Why a model is to be trained.
pub enum Reason {
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

/// What a run does with a model at a date.
pub struct Due {
    /// Why it is trained; `None` where the champion goes on.
    pub why: Option<Reason>,
    /// That the files as they are do not serve, and what can be done about it.
    pub pending: Option<String>,
}

/// What is to be done with `model` at `date`, where `champion` is in force. Edited files that did not take over are tried
/// again after `retrain_days`, as everything is, or where they are accepted.
pub fn due(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    champion: Option<&Version>,
    date: NaiveDate,
    is_accepted: bool,
) -> Result<Due> {
    let Some(champion) = champion else { return Ok(Due { why: Some(Reason::First), pending: None }) };
    let (days, limit) = ((date - champion.as_of).num_days(), model.spec.retrain_days);
    let (number, mut pending) = (champion.number, None);
    let edited = edited(catalog, model, champion)?;
    if let Some((definition, files)) = &edited {
        let tried = registry::tried(warehouse, &model.name, definition, date)?;
        let tried = tried.filter(|tried| (date - tried.as_of).num_days() < limit);
        let Some(Version { number: other, as_of, .. }) = tried.filter(|_| !is_accepted) else {
            let why = Reason::Edited { files: files.clone(), since: number };
            return Ok(Due { why: Some(why), pending: None });
        };
        pending = Some(format!(
            "{0}: version {number} serves, by its own files: {files} changed since, and version {other}, which is of \
             the files as they are, as of {as_of}, does not; `olist run --date {date} --accept` or \
             `olist promote {0} {other}` makes it champion, or undo the edit",
            model.name
        ));
    }
    let old = Reason::Old { version: number, days, limit, is_edited: edited.is_some() };
    Ok(Due { why: (days >= limit).then_some(old), pending })
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
