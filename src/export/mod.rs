//! Versions of models in the forms of others: an ONNX model in a folder that MLflow loads, and one SELECT for DuckDB.

mod ensemble;
mod graph;
mod learned;
mod mlmodel;
mod onnx;
mod proto;
mod rule;
mod sql;
mod sql_trees;
mod syntax;

pub use sql::write as select;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model};
use crate::dataset::EXAMPLE;
use crate::learn::{Clustering, Fitted};
use crate::problem::Problem;
use crate::registry::Version;
use crate::template::Rendered;
use crate::warehouse::{Warehouse, ident, idents};

/// A version, and what it was trained on: all that its ONNX model needs, whatever the project's files say by now.
pub struct Trained<'a> {
    pub warehouse: &'a Warehouse,
    pub version: &'a Version,
    /// Name and type of the columns of the model's SELECT.
    pub columns: Vec<(String, String)>,
    /// A few rows of the version's inputs, in their order; none where there are none any more.
    pub example: Vec<Vec<f64>>,
}

/// A version that is to be written in another form.
pub struct Subject<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub model: &'a Model,
    pub version: &'a Version,
    /// At which the model's SELECT is rendered; its tables have to be built.
    pub date: NaiveDate,
}

/// How a version scores.
enum Scorer {
    Predicts(Fitted),
    Groups(Clustering),
    Rule(String),
}

/// The files of a folder that MLflow loads as a model: name and content.
///
/// # Errors
/// A [`Problem`] for a rule that is no arithmetic, a registry that cannot be read.
pub fn directory(trained: &Trained<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let onnx = onnx::write(trained)?;
    mlmodel::files(trained, onnx)
}

/// The same, where a rule that is no arithmetic is written down as it is: MLflow keeps it, and Python cannot load it.
pub fn directory_or_rule(trained: &Trained<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    match (trained.scorer()?, directory(trained)) {
        (Scorer::Rule(expression), Err(error)) if error.is::<Problem>() => {
            mlmodel::files_of_rule(trained, &expression, &error.to_string())
        }
        (_, files) => files,
    }
}

impl Trained<'_> {
    fn scorer(&self) -> Result<Scorer> {
        scorer(self.warehouse, self.version)
    }

    /// Names of the inputs that the version was trained on.
    fn inputs(&self) -> Result<Vec<String>> {
        self.version.inputs(self.warehouse)
    }

    /// When the version was trained, in UTC.
    fn trained_at(&self) -> Result<String> {
        let at = self.warehouse.row(
            "select strftime(trained_at, '%Y-%m-%d %H:%M:%S.%f') from registry.models where model = ? and version = ?",
            &[&self.version.model, &self.version.number],
            |row| row.get(0),
        )?;
        at.context("the version is not in the registry")
    }

    /// What cannot be said in ONNX.
    fn untranslated(&self, error: &anyhow::Error) -> Problem {
        let (name, number, rule) = (&self.version.model, self.version.number, &self.version.candidate);
        Problem::usage(format!(
            "version {number} of `{name}` is the rule `{rule}`, which cannot be written as ONNX: {error}"
        ))
        .hint(format!("`olist models export {name} --version {number} --format sql` writes it as SQL"))
    }
}

fn scorer(warehouse: &Warehouse, version: &Version) -> Result<Scorer> {
    let recipe = version.recipe()?;
    let Some(bytes) = version.fitted(warehouse)? else {
        let rule = recipe.rule().context("a version without a stored model is a rule")?;
        return Ok(Scorer::Rule(rule.to_owned()));
    };
    Ok(if recipe.grouping().is_some() {
        Scorer::Groups(Clustering::from_bytes(&bytes)?)
    } else {
        Scorer::Predicts(Fitted::from_bytes(&bytes)?)
    })
}

/// The names of a grouping's segments, in the order of `numbers`; `None` where one has none.
fn segment_names(warehouse: &Warehouse, version: &Version, numbers: &[i32]) -> Result<Option<Vec<String>>> {
    let known = warehouse.rows(
        "select segment, segment_name from registry.segments where model = ? and version = ?",
        &[&version.model, &version.number],
        |row| Ok((row.get::<_, i32>(0)?, row.get::<_, Option<String>>(1)?)),
    )?;
    let name =
        |number: &i32| known.iter().find(|(segment, _)| segment == number).and_then(|(_, name)| name.clone());
    Ok(numbers.iter().map(name).collect())
}

impl Subject<'_> {
    /// What its ONNX model needs, read from the project as it is now.
    pub fn trained(&self) -> Result<Trained<'_>> {
        let rendered = self.rendered()?;
        let columns = self.warehouse.describe(&rendered.sql)?;
        let inputs: Vec<String> = self
            .version
            .inputs(self.warehouse)?
            .iter()
            .map(|name| format!("cast({} as double)", ident(name)))
            .collect();
        let sql = format!(
            "select to_json([{}])::varchar from (\n{}\n) as q order by {} limit {EXAMPLE}",
            inputs.join(", "),
            rendered.sql,
            idents(&self.model.spec.key)
        );
        // The file may have changed since, and have other columns: then there is no example.
        let rows = self.warehouse.rows(&sql, &[], |row| row.get::<_, String>(0)).unwrap_or_default();
        let example = rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
        Ok(Trained { warehouse: self.warehouse, version: self.version, columns, example })
    }

    fn rendered(&self) -> Result<Rendered> {
        self.catalog.render(&self.model.table(), self.date)
    }
}
