//! The version that serves, as it takes part in a contest: its recipe and its files, fitted as of the same folds.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use chrono::NaiveDate;

use super::Contest;
use super::validate::{self, Fold, Validated};
use crate::config::ModelSpec;
use crate::dataset::Dataset;
use crate::earlier::{Earlier, Means};
use crate::interrupt;
use crate::learn::Recipe;
use crate::problem::Problem;
use crate::registry::Version;
use crate::term::Progress;

const BROKEN: &str = "its rule does not work any more";

/// Whom a contest is against.
pub enum Rival<'a> {
    Nobody,
    /// The files are those that it was trained by.
    Same(Version),
    /// By its own files.
    Own(Own<'a>),
    /// Its files are not at hand, and why.
    Lost(Version, String),
}

pub struct Own<'a> {
    pub version: Version,
    pub earlier: &'a mut Earlier,
    pub means: Means<'a>,
}

/// Of a version that cannot be fitted again.
pub struct Lost {
    pub why: String,
    /// Whether it can score all the same.
    pub serves: bool,
}

impl Rival<'_> {
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Nobody => None,
            Self::Same(version) | Self::Lost(version, _) => Some(version),
            Self::Own(own) => Some(&own.version),
        }
    }
}

/// As a recipe of another version is called beside the candidates of the file.
pub fn called(recipe: &Recipe, version: i32) -> String {
    let name = recipe.name.split(" (version ").next().unwrap_or_default();
    format!("{name} (version {version})")
}

impl Own<'_> {
    /// Its rows at `dates`; or why there are none.
    pub fn rows(&mut self, as_of: NaiveDate, dates: &BTreeSet<NaiveDate>) -> Result<Result<Dataset, Lost>> {
        let recipe = self.version.recipe()?;
        let dates: Vec<NaiveDate> = dates.iter().copied().collect();
        let why = match told(self.earlier.rows(self.means, &dates, &recipe))? {
            Ok(data) if validate::is_computable(&recipe, &data) => return Ok(Ok(data)),
            Ok(_) => BROKEN.to_owned(),
            Err(why) => why,
        };
        // One date of the past may be what fails: then it still scores others.
        let serves = told(self.earlier.rows(self.means, &[as_of], &recipe))?
            .is_ok_and(|data| validate::is_computable(&recipe, &data));
        Ok(Err(Lost { why, serves }))
    }

    pub fn snapshots(&self, as_of: NaiveDate) -> Result<BTreeSet<NaiveDate>> {
        Ok(self.spec()?.snapshots(as_of).into_iter().collect())
    }

    pub fn spec(&self) -> Result<&ModelSpec> {
        Ok(&self.earlier.model()?.spec)
    }
}

/// What work came to, or in one line why it failed; a signal ends it.
fn told<T>(outcome: Result<T>) -> Result<Result<T, String>> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(error) => {
            interrupt::check()?;
            let message = error.downcast::<Problem>()?.message;
            Ok(Err(message.lines().next().unwrap_or_default().to_owned()))
        }
    }
}

/// How the version that serves stands in a contest.
pub enum Standing {
    Nobody,
    /// Its recipe is the one at this place, over the same rows.
    Recipe(usize),
    Apart(Box<Apart>),
    Lost(Lost),
}

/// A version that was fitted over other rows than the candidates.
pub struct Apart {
    /// As it is called beside the candidates.
    pub name: String,
    data: Dataset,
    folds: Vec<Fold>,
    predicted: Vec<Vec<f64>>,
}

/// How `contest.rival` stands beside the candidates that were fitted to `data` as of `folds`.
pub fn standing(contest: &mut Contest<'_>, data: &Dataset, folds: &[Fold]) -> Result<Standing> {
    let (as_of, recipes, warehouse) = (contest.as_of, &contest.recipes, contest.warehouse);
    match &mut contest.rival {
        Rival::Nobody => Ok(Standing::Nobody),
        Rival::Same(version) => {
            let parts = version.recipe()?.parts;
            let at = recipes.iter().rposition(|recipe| recipe.parts == parts);
            let at = at.filter(|at| validate::is_computable(&recipes[*at], data));
            let lost = Lost { why: BROKEN.to_owned(), serves: false };
            Ok(at.map_or(Standing::Lost(lost), Standing::Recipe))
        }
        Rival::Lost(version, why) => {
            let recipe = version.recipe()?;
            let serves = match recipe.rule() {
                Some(_) => data.rules.contains_key(&called(&recipe, version.number)),
                None => version.inputs(warehouse)? == data.matrix.columns(),
            };
            Ok(Standing::Lost(Lost { why: why.clone(), serves }))
        }
        Rival::Own(own) => {
            let recipe = own.version.recipe()?;
            let of_folds = folds.iter().flat_map(|fold| data.dates_of(&fold.test));
            let trained = own.snapshots(as_of)?;
            let dates = trained.iter().copied().chain(of_folds).collect();
            let rows = match own.rows(as_of, &dates)? {
                Ok(rows) => rows,
                Err(lost) => return Ok(Standing::Lost(lost)),
            };
            // An edit that changes no row changes nothing for this recipe.
            let at = recipes.iter().position(|other| other.parts == recipe.parts);
            if let Some(at) = at.filter(|_| rows.is_same(data)) {
                return Ok(Standing::Recipe(at));
            }
            let folds = match again(&rows, &trained, data, folds, as_of) {
                Ok(folds) => folds,
                Err(why) => return Ok(Standing::Lost(Lost { why, serves: true })),
            };
            let alone = std::slice::from_ref(&recipe);
            let progress = Progress::new(validate::steps(&folds, alone), "serving");
            let fitted = Validated::fit(&rows, &folds, alone, own.spec()?.seed, &progress)?;
            let predicted = fitted.predicted.into_iter().flatten().collect();
            let name = called(&recipe, own.version.number);
            Ok(Standing::Apart(Box::new(Apart { name, data: rows, folds, predicted })))
        }
    }
}

/// The same folds of its own `rows`; or why it cannot be fitted as of one of them.
fn again(
    rows: &Dataset,
    trained: &BTreeSet<NaiveDate>,
    data: &Dataset,
    folds: &[Fold],
    as_of: NaiveDate,
) -> Result<Vec<Fold>, String> {
    let own = |Fold { snapshot, snapshots, test, .. }: &Fold| {
        let dates: BTreeSet<NaiveDate> = data.dates_of(test).into_iter().collect();
        let is_trained = |row: &usize| rows.dates[*row] < *snapshot && trained.contains(&rows.dates[*row]);
        let train: Vec<usize> = rows.known_by(*snapshot).into_iter().filter(is_trained).collect();
        if !rows.has_both_classes(&train) {
            return Err(format!("it has no rows of both classes to be fitted to as of {snapshot}"));
        }
        let test = rows.known_by(as_of).into_iter().filter(|&row| dates.contains(&rows.dates[row])).collect();
        Ok(Fold { snapshot: *snapshot, snapshots: *snapshots, train, test })
    };
    folds.iter().map(own).collect()
}

impl Apart {
    /// For each fold, the places of its rows that it has as well, and what it says of them.
    pub fn common(&self, data: &Dataset, folds: &[Fold]) -> Vec<(Vec<usize>, Vec<f64>)> {
        let key = |data: &Dataset, row: usize| (data.dates[row], data.entities[row].clone());
        let of_fold = |(at, fold): (usize, &Fold)| {
            let own = self.folds[at].test.iter().map(|&row| key(&self.data, row)).zip(&self.predicted[at]);
            let own: HashMap<(NaiveDate, String), &f64> = own.collect();
            let all = fold.test.iter().enumerate();
            all.filter_map(|(at, &row)| Some((at, **own.get(&key(data, row))?))).unzip()
        };
        folds.iter().enumerate().map(of_fold).collect()
    }
}
