//! Versions of models in the forms of others: a folder that MLflow loads, with an ONNX model or a rule's SQL in it, and
//! one SELECT for DuckDB.

mod ensemble;
mod graph;
mod learned;
mod mlmodel;
mod onnx;
mod protobuf;
mod rule;
mod sql;
mod sql_trees;

pub use sql::write as select;

use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model};
use crate::dataset::EXAMPLE;
use crate::learn::{Clustering, Fitted, Segment};
use crate::problem::Problem;
use crate::registry::Version;
use crate::template::Rendered;
use crate::warehouse::{Warehouse, ident, idents};

/// A version, and what it was trained on: all that its ONNX model needs, whatever the project's files say by now.
pub struct Trained<'a> {
    pub warehouse: &'a Warehouse,
    pub version: &'a Version,
    pub columns: Vec<(String, String)>,
    /// A few rows of the version's inputs, in their order; none where there are none any more.
    pub example: Vec<Vec<f64>>,
    /// Of the `LoggedModel` that it becomes in MLflow.
    pub model_id: Option<String>,
}

pub struct Subject<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub model: &'a Model,
    pub version: &'a Version,
    /// At which the model's SELECT is rendered; its tables have to be built.
    pub date: NaiveDate,
}

enum Scorer {
    Predicts(Fitted),
    Groups(Clustering),
    Rule(String),
}

/// The files of a folder that MLflow loads as a model: name and content.
pub fn directory(trained: &Trained<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    let artifact = match scorer(trained.warehouse, trained.version)? {
        Scorer::Predicts(fitted) => onnx::of_fitted(trained, &fitted),
        Scorer::Groups(clustering) => onnx::of_clustering(trained, &clustering)?,
        Scorer::Rule(expression) => rule::artifact(trained, &expression)?,
    };
    let is_input = |output: &str| artifact.inputs.iter().any(|(input, _)| input == output);
    if let Some((taken, _)) = artifact.outputs.iter().find(|(output, _)| is_input(output)) {
        return Err(Problem::usage(format!("input `{taken}` has the name of what the model gives"))
            .hint("give the column another name, and train again")
            .into());
    }
    mlmodel::files(trained, artifact)
}

impl Trained<'_> {
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
}

fn scorer(warehouse: &Warehouse, version: &Version) -> Result<Scorer> {
    let recipe = version.recipe()?;
    let Some(bytes) = version.fitted(warehouse)? else {
        let rule = recipe.rule().context("a version without a stored model is a rule")?;
        return Ok(Scorer::Rule(rule.to_string()));
    };
    Ok(if recipe.grouping().is_some() {
        Scorer::Groups(Clustering::from_bytes(&bytes)?)
    } else {
        Scorer::Predicts(Fitted::from_bytes(&bytes)?)
    })
}

/// The names of a grouping's segments, in their order; `None` where one has none.
fn segment_names(
    warehouse: &Warehouse,
    version: &Version,
    clustering: &Clustering,
) -> Result<Option<Vec<String>>> {
    let sql = "select segment_name from registry.segments where model = ? and version = ? and segment = ?";
    let name = |segment: &Segment| {
        let found = warehouse.row(sql, &[&version.model, &version.number, &segment.number], |row| row.get(0));
        Ok(found?.flatten())
    };
    clustering.segments().iter().map(name).collect()
}

impl Subject<'_> {
    /// What its ONNX model needs, read from the project as it is now.
    pub fn trained(&self) -> Result<Trained<'_>> {
        let rendered = self.rendered()?;
        let select = rendered.select()?;
        let columns = self.warehouse.describe(&select)?;
        let inputs = self.version.inputs(self.warehouse)?;
        let inputs: Vec<String> = inputs.iter().map(|name| format!("{}::double", ident(name))).collect();
        let sql = format!(
            "select to_json([{}])::varchar from (\n{}\n) as q order by {} limit {EXAMPLE}",
            inputs.join(", "),
            select,
            idents(&self.model.spec.key)
        );
        // The file may have changed since, and have other columns: then there is no example.
        let rows = self.warehouse.rows(&sql, &[], |row| row.get::<_, String>(0)).unwrap_or_default();
        let example = rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
        Ok(Trained { warehouse: self.warehouse, version: self.version, columns, example, model_id: None })
    }

    fn rendered(&self) -> Result<Arc<Rendered>> {
        self.catalog.render(&self.model.table(), self.date)
    }
}
