//! Training: a contest of candidates and the version that serves, and the version that comes out of it. Nothing is
//! written here.

mod binary;
mod gate;
mod rival;
mod table;
mod validate;

use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;

pub use binary::train;
pub use rival::{Own, Rival};

use crate::dataset::{Dataset, Snapshot, Workspace, training_rows};
use crate::drift;
use crate::learn::Recipe;
use crate::output::Table;
use crate::registry::{NewVersion, Version};
use crate::warehouse::Warehouse;

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
    /// The project's, which has the registry.
    pub warehouse: &'a Warehouse,
    pub as_of: NaiveDate,
    pub why: &'a str,
    /// Whether edited files take over whatever the comparison says.
    pub is_accepted: bool,
    pub recipes: Vec<Recipe>,
    pub rival: Rival<'a>,
    pub started: Instant,
}

impl<'a> Contest<'a> {
    /// Between the candidates of the model's file, and with the version that serves.
    pub fn new(at: Workspace<'a>, as_of: NaiveDate, why: &'a str, rival: Rival<'a>) -> Result<Self> {
        let (warehouse, mut recipes) = (at.warehouse, at.model.spec.recipes());
        if let Rival::Same(version) = &rival {
            let mut recipe = version.recipe()?;
            // A version of an earlier olist may have stayed after its recipe had left the file.
            if !recipes.iter().any(|other| other.parts == recipe.parts) {
                recipe.name = rival::called(&recipe, version.number);
                recipes.push(recipe);
            }
        }
        Ok(Self { at, warehouse, as_of, why, is_accepted: false, recipes, rival, started: Instant::now() })
    }

    /// Of nobody but the version that serves, by its own files.
    pub fn again(
        at: Workspace<'a>,
        warehouse: &'a Warehouse,
        as_of: NaiveDate,
        why: &'a str,
        version: Version,
    ) -> Result<Self> {
        let recipes = vec![version.recipe()?];
        Ok(Self { warehouse, recipes, ..Self::new(at, as_of, why, Rival::Same(version))? })
    }

    /// The rows of all snapshots up to its date; their ABT partitions have to be built.
    pub fn pull(&self) -> Result<Dataset> {
        let dates = self.at.model.spec.snapshots(self.as_of);
        let snapshots = dates.into_iter().map(|date| self.at.snapshot(date));
        let mut recipes = self.recipes.clone();
        if let Rival::Lost(version, _) = &self.rival {
            // Whether its rule can be computed says whether the version still can score.
            let recipe = version.recipe()?;
            recipes.push(Recipe { name: rival::called(&recipe, version.number), ..recipe });
        }
        training_rows(self.at, &snapshots.collect::<Result<Vec<Snapshot>>>()?, &recipes)
    }

    /// The version of the recipe at `winner`, trained on `rows`: what is the same whatever was learned.
    pub fn version(&self, winner: usize, data: &Dataset, rows: &[usize]) -> Result<NewVersion> {
        let (catalog, model) = (self.at.catalog, self.at.model);
        let (definition, definition_parts) = catalog.definition(model)?;
        Ok(NewVersion {
            model: model.name.clone(),
            recipe: self.recipes[winner].clone(),
            inputs: data.matrix.columns().to_vec(),
            as_of: self.as_of,
            rows: rows.len(),
            data_digest: data.digest(rows),
            definition,
            definition_parts,
            files: catalog.files_of(model),
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
