//! Training: a contest of candidates, and the version that comes out of it. Nothing is written here.

mod binary;
mod table;
mod validate;

use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;

pub use binary::train;
pub use table::digits;

use crate::dataset::{Dataset, Snapshot, Workspace, training_rows};
use crate::drift;
use crate::learn::{Recipe, rules};
use crate::output::Table;
use crate::registry::{NewVersion, Version};

/// What a training came to.
pub enum Trained {
    Version(Box<Training>),
    /// Why there is nothing to train on yet; scoring by an earlier or later champion still may be possible.
    TooEarly(String),
}

/// A finished training, not written yet.
pub struct Training {
    pub version: NewVersion,
    /// All that took part: the file's candidates, and the champion where it is none of them.
    pub recipes: Vec<Recipe>,
    /// How they compare, to be shown.
    pub table: Table,
    /// What the table leaves out, and why.
    pub notes: Vec<String>,
    /// Name and type of the columns of the model's SELECT.
    pub columns: Vec<(String, String)>,
    /// A few rows of inputs.
    pub example: Vec<Vec<f64>>,
    pub seconds: f64,
}

/// Who competes as of a date, and for whose place.
pub struct Contest<'a> {
    pub at: Workspace<'a>,
    pub as_of: NaiveDate,
    /// Why there is a training.
    pub why: &'a str,
    pub recipes: Vec<Recipe>,
    pub champion: Option<Version>,
    /// The champion's place among the recipes.
    pub incumbent: Option<usize>,
    started: Instant,
}

impl<'a> Contest<'a> {
    /// Between the candidates of the model's file and the `champion`, which is fitted again.
    pub fn new(at: Workspace<'a>, as_of: NaiveDate, why: &'a str, champion: Option<Version>) -> Result<Self> {
        let champion = champion.filter(|version| version.as_of <= as_of);
        let mut recipes = at.model.spec.recipes();
        let mut incumbent = None;
        if let Some(version) = &champion {
            let mut recipe = version.recipe()?;
            incumbent = recipes.iter().position(|other| other.parts == recipe.parts);
            if incumbent.is_none() {
                recipe.name = format!("{} (version {})", recipe.name, version.number);
                incumbent = Some(recipes.len());
                recipes.push(recipe);
            }
        }
        Ok(Self { at, as_of, why, recipes, champion, incumbent, started: Instant::now() })
    }

    /// The rows of all snapshots up to its date; their ABT partitions have to be built.
    pub fn pull(&self) -> Result<Dataset> {
        let dates = self.at.model.spec.snapshots(self.as_of);
        let snapshots = dates.into_iter().map(|date| self.at.snapshot(date));
        training_rows(self.at, &snapshots.collect::<Result<Vec<Snapshot>>>()?, &rules(&self.recipes))
    }

    /// The version of the recipe at `winner`, trained on `rows`: what is the same whatever was learned.
    pub fn version(&self, winner: usize, data: &Dataset, rows: &[usize]) -> Result<NewVersion> {
        let model = self.at.model;
        let (definition, definition_parts) = self.at.catalog.definition(model)?;
        Ok(NewVersion {
            model: model.name.clone(),
            recipe: self.recipes[winner].clone(),
            inputs: data.matrix.columns().to_vec(),
            as_of: self.as_of,
            rows: rows.len(),
            data_digest: data.digest(rows),
            definition,
            definition_parts,
            profiles: drift::profiles(&data.matrix.select(rows), &data.dates_of(rows)),
            ..NewVersion::default()
        })
    }

    pub fn won(
        self,
        version: NewVersion,
        table: Table,
        notes: Vec<String>,
        data: Dataset,
        rows: &[usize],
    ) -> Trained {
        Trained::Version(Box::new(Training {
            version,
            recipes: self.recipes,
            table,
            notes,
            example: data.example(rows),
            columns: data.columns,
            seconds: self.started.elapsed().as_secs_f64(),
        }))
    }
}
