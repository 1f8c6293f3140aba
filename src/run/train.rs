//! Training in a run: the version is written together with what is to be told of it.

use anyhow::Result;
use chrono::NaiveDate;

use super::Run;
use super::earlier::Files;
use crate::catalog::Model;
use crate::config::Task;
use crate::dataset::Workspace;
use crate::mlflow::Message;
use crate::partitions::{self, texts};
use crate::registry::contests::Outcome;
use crate::registry::{self, Version};
use crate::segment;
use crate::term;
use crate::train::{self, Contest, Own, Rival, Trained, Training};

/// What became of a training.
pub enum Attempt {
    Trained(Fitted),
    /// Why there is nothing to train on yet.
    TooEarly(String),
    /// What it is trained on could not be built, for example this.
    Lacking(String),
}

/// What a training made.
pub struct Fitted {
    /// One version; or a challenger that is only kept, and the one that serves, fitted again.
    pub made: Vec<(Version, Training)>,
    /// The version that serves now.
    pub serves: Version,
}

impl<'a> Run<'a> {
    /// Builds what `model` is trained on, trains it, and makes the new version champion where it wins.
    pub fn train(&mut self, model: &'a Model, as_of: NaiveDate, why: &str) -> Result<Attempt> {
        let dates = model.spec.snapshots(as_of);
        if dates.is_empty() {
            return Ok(Attempt::TooEarly(format!("its snapshots begin on {}", model.spec.from)));
        }
        self.build(&self.catalog.upstream(&model.table()), &dates)?;
        if let Some((table, date)) = self.lacks(model, &dates) {
            return Ok(Attempt::Lacking(format!("{table} at {date}")));
        }
        self.clear(model, as_of)?;
        self.begin()?;
        let champion = registry::in_force(self.warehouse, &model.name, as_of)?;
        let champion = champion.filter(|version| version.as_of <= as_of);
        let trained = match &champion {
            None => self.compete(model, as_of, why, Rival::Nobody)?,
            Some(version) => {
                let mut files = self.files(model, version)?;
                let rival = match &mut files {
                    Files::Present => Rival::Same(version.clone()),
                    Files::Own(earlier) => {
                        Rival::Own(Own { version: version.clone(), earlier, means: self.means() })
                    }
                    Files::Lost(why) => Rival::Lost(version.clone(), why.clone()),
                };
                let trained = self.compete(model, as_of, why, rival)?;
                self.give_back(files, version);
                trained
            }
        };
        let training = match trained {
            Trained::Version(training) => *training,
            Trained::TooEarly(why) => return Ok(Attempt::TooEarly(why)),
        };
        let version = self.keep(self.workspace(model), &training)?;
        let outcome = training.version.verdict.outcome;
        let mut fitted = Fitted { serves: version.clone(), made: vec![(version, training)] };
        if let Some(stays) = champion.filter(|_| outcome == Outcome::Kept) {
            fitted.serves = stays.clone();
            let (days, limit) = ((as_of - stays.as_of).num_days(), model.spec.retrain_days);
            if days >= limit {
                let why = format!("version {} is {days} days old, retrain_days is {limit}", stays.number);
                if let Some((version, training)) = self.fit_again(model, &stays, as_of, &why)? {
                    fitted.serves = version.clone();
                    fitted.made.push((version, training));
                }
            }
        }
        Ok(Attempt::Trained(fitted))
    }

    /// The version that serves, by its own files, on newer labels; `None` where these are not at hand.
    pub fn fit_again(
        &mut self,
        model: &'a Model,
        version: &Version,
        as_of: NaiveDate,
        why: &str,
    ) -> Result<Option<(Version, Training)>> {
        self.begin()?;
        let mut files = self.files(model, version)?;
        let Files::Own(earlier) = &mut files else { return Ok(None) };
        let dates = earlier.model()?.spec.snapshots(as_of);
        earlier.plan(self.means(), &dates)?;
        earlier.build(self.means(), &dates)?;
        let at = earlier.tables()?;
        let trained = fit(Contest::again(at, self.warehouse, as_of, why, version.clone())?)?;
        let made = match trained {
            Trained::Version(training) => Some((self.keep(at, &training)?, *training)),
            Trained::TooEarly(_) => None,
        };
        self.give_back(files, version);
        Ok(made)
    }

    fn compete(&self, model: &'a Model, as_of: NaiveDate, why: &str, rival: Rival<'_>) -> Result<Trained> {
        let contest = Contest::new(self.workspace(model), as_of, why, rival)?;
        fit(Contest { is_accepted: self.options.is_accepted, ..contest })
    }

    /// Writes a version that was trained on the tables of `at`.
    fn keep(&self, at: Workspace<'_>, training: &Training) -> Result<Version> {
        let message = Message::of_training(at, training)?;
        self.warehouse.transaction(|| {
            let version = registry::add(self.warehouse, &training.version, &self.options.id)?;
            let (as_of, number) = (version.as_of, version.number);
            texts::of_inputs(self.warehouse, at.warehouse, at.catalog, at.model, as_of, number)?;
            message.post(self.warehouse, &version, None, &self.options.id)?;
            partitions::trained(self.warehouse, &at.model.training())?;
            Ok(version)
        })
    }
}

fn fit(contest: Contest<'_>) -> Result<Trained> {
    match &contest.at.model.spec.task {
        Task::Binary(binary) => train::train(contest, binary),
        Task::Clusters(clusters) => segment::train(contest, clusters),
    }
}

/// Tells what a training found: the metric of every candidate at every snapshot, and what came of it.
pub fn note(version: &Version, training: &Training) {
    let Version { model, as_of, .. } = version;
    term::note(&format!("{model}: trained as of {as_of} in {:.1} s", training.seconds));
    for line in training.table.text().lines() {
        term::note(&format!("  {line}"));
    }
    note_verdict(version, training, "  ");
}

/// Tells what came of a version, and what can be done about it.
pub fn note_verdict(version: &Version, training: &Training, indent: &str) {
    let Version { model, number, as_of, .. } = version;
    for note in &training.notes {
        term::note(&format!("{indent}{note}"));
    }
    let verdict = &training.version.verdict;
    term::note(&format!("{model}: version {number}, {}", verdict.reason));
    if verdict.outcome == Outcome::Kept {
        term::note(&format!(
            "{model}: version {number} is kept and does not serve; `olist run --date {as_of} --accept` or \
             `olist promote {model} {number}` makes it champion, or undo the edit"
        ));
    }
}
