//! Versions whose files are not those of the project any more, in a run.

use anyhow::Result;

use super::Run;
use crate::catalog::Model;
use crate::earlier::{Earlier, Means};
use crate::registry::{self, Version};

/// The files that a version is fitted and scores by.
pub enum Files {
    /// Those of the project.
    Present,
    /// Its own.
    Own(Box<Earlier>),
    /// They are others, and not at hand; why.
    Lost(String),
}

impl Run<'_> {
    pub(super) fn means(&self) -> Means<'_> {
        Means {
            warehouse: self.warehouse,
            ledger: &self.ledger,
            loads: &self.loaded.loads,
            settled_until: self.loaded.last_date(),
            run_id: &self.options.id,
            cores: self.options.cores,
            time_limit: self.options.time_limit,
        }
    }

    /// The files of `version`; those that are its own are to be given back after use.
    pub(super) fn files(&mut self, model: &Model, version: &Version) -> Result<Files> {
        if self.catalog.definition(model)?.0 == version.definition {
            return Ok(Files::Present);
        }
        if let Some(earlier) = self.earlier.remove(&version.definition) {
            return Ok(Files::Own(earlier));
        }
        Ok(match Earlier::of(self.means(), self.catalog, version)? {
            Ok(earlier) => Files::Own(Box::new(earlier)),
            Err(why) => Files::Lost(why),
        })
    }

    pub(super) fn give_back(&mut self, files: Files, version: &Version) {
        if let Files::Own(earlier) = files {
            self.earlier.insert(version.definition.clone(), earlier);
        }
    }

    /// A version of an earlier olist has no files, and those of the project are still its own: an edit comes later.
    pub(super) fn keep_files(&self, model: &Model, version: &Version) -> Result<()> {
        if self.catalog.definition(model)?.0 != version.definition {
            return Ok(());
        }
        if registry::files(self.warehouse, &version.model, version.number)?.is_empty() {
            let files = self.catalog.files_of(model);
            let keep = || registry::keep_files(self.warehouse, &version.model, version.number, &files);
            self.warehouse.transaction(keep)?;
        }
        Ok(())
    }
}
