//! Training in a run: the version is written together with what is to be told of it.

use anyhow::Result;
use chrono::NaiveDate;

use super::Run;
use crate::catalog::Model;
use crate::config::Task;
use crate::mlflow::Message;
use crate::partitions::{self, texts};
use crate::registry::{self, Version};
use crate::segment;
use crate::term;
use crate::train::{self, Contest, Trained, Training};

/// What became of a training.
pub enum Attempt {
    Trained(Version, Box<Training>),
    /// Why there is nothing to train on yet.
    TooEarly(String),
    /// What it is trained on could not be built, for example this.
    Lacking(String),
}

impl<'a> Run<'a> {
    /// Builds what `model` is trained on, trains it, and makes the new version champion.
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
        let contest = Contest::new(self.workspace(model), as_of, why, champion)?;
        let trained = match &model.spec.task {
            Task::Binary(binary) => train::train(contest, binary)?,
            Task::Clusters(clusters) => segment::train(contest, clusters)?,
        };
        match trained {
            Trained::Version(training) => Ok(Attempt::Trained(self.keep(model, &training)?, training)),
            Trained::TooEarly(why) => Ok(Attempt::TooEarly(why)),
        }
    }

    fn keep(&self, model: &'a Model, training: &Training) -> Result<Version> {
        let message = Message::of_training(self.workspace(model), training)?;
        self.warehouse.transaction(|| {
            let version = registry::add(self.warehouse, &training.version, &self.options.id)?;
            texts::of_inputs(self.warehouse, self.catalog, model, version.as_of, version.number)?;
            message.post(self.warehouse, &version, None, &self.options.id)?;
            partitions::trained(self.warehouse, &model.training())?;
            Ok(version)
        })
    }
}

/// Tells what a training found: the metric of every candidate at every snapshot, and the champion.
pub fn note(version: &Version, training: &Training) {
    let Version { model, number, as_of, .. } = version;
    term::note(&format!("{model}: trained as of {as_of} in {:.1} s", training.seconds));
    for line in training.table.text().lines() {
        term::note(&format!("  {line}"));
    }
    for note in &training.notes {
        term::note(&format!("  {note}"));
    }
    term::note(&format!("{model}: version {number}, {}", training.version.reason));
}
