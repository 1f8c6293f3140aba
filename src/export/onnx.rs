//! `model.onnx` of a version.

use anyhow::{Result, ensure};

use super::graph::Builder;
use super::proto::DataType;
use super::rule::{self, Column, Kind};
use super::{Scorer, Trained, learned, segment_names, syntax};
use crate::problem::Problem;

/// A model in ONNX, and what goes in and out of it.
pub struct Onnx {
    pub bytes: Vec<u8>,
    /// One 64-bit float each.
    pub inputs: Vec<String>,
    /// Name, and type in the words of MLflow.
    pub outputs: Vec<(&'static str, &'static str)>,
}

const SCORE: (&str, &str) = ("score", "double");

/// # Errors
/// A rule that is no arithmetic, an input with the name of an output, a registry that cannot be read.
pub fn write(trained: &Trained<'_>) -> Result<Onnx> {
    let version = trained.version;
    let (graph, inputs, outputs) = match trained.scorer()? {
        Scorer::Predicts(fitted) => {
            let mut graph = Builder::new(fitted.columns());
            let matrix = graph.matrix();
            let score = learned::probability(&mut graph, &matrix, &fitted)?;
            graph.output(SCORE.0, DataType::Double, &score);
            (graph, fitted.columns().to_vec(), vec![SCORE])
        }
        Scorer::Groups(clustering) => {
            let numbers: Vec<i32> = clustering.segments().iter().map(|segment| segment.number).collect();
            let names = segment_names(trained.warehouse, version, &numbers)?;
            let mut graph = Builder::new(clustering.columns());
            let matrix = graph.matrix();
            learned::segments(&mut graph, &matrix, &clustering, names.as_deref());
            let name = names.map(|_| ("segment_name", "string"));
            let outputs = [Some(("segment", "integer")), name, Some(("distance", "double"))];
            (graph, clustering.columns().to_vec(), outputs.into_iter().flatten().collect())
        }
        Scorer::Rule(expression) => {
            let (graph, inputs) =
                of_rule(trained, &expression).map_err(|error| trained.untranslated(&error))?;
            (graph, inputs, vec![SCORE])
        }
    };
    if let Some((taken, _)) = outputs.iter().find(|(name, _)| inputs.iter().any(|input| input == name)) {
        return Err(Problem::usage(format!("input `{taken}` has the name of what the model gives"))
            .hint("give the column another name, and train again")
            .into());
    }
    let about = [
        ("model", version.model.clone()),
        ("version", version.number.to_string()),
        ("candidate", version.candidate.clone()),
        ("as_of", version.as_of.to_string()),
        ("trained_through", version.trained_through.to_string()),
    ];
    Ok(Onnx { bytes: graph.finish(&version.model, version.number, &about), inputs, outputs })
}

fn of_rule(trained: &Trained<'_>, expression: &str) -> Result<(Builder, Vec<String>)> {
    let tree = syntax::parse(trained.warehouse, expression)?;
    let never_null = trained.inputs()?;
    let columns: Vec<Column> = trained
        .columns
        .iter()
        .cloned()
        .map(|(name, sql_type)| {
            let is_nullable = !never_null.contains(&name);
            Column { kind: Kind::of_type(&sql_type), is_nullable, name }
        })
        .collect();
    let mut inputs = rule::columns_of(&tree, &columns)?;
    if inputs.is_empty() {
        // The same for all: an input still tells how many rows there are.
        inputs = never_null.into_iter().take(1).collect();
    }
    ensure!(!inputs.is_empty(), "the model has no input");
    let mut graph = Builder::new(&inputs);
    let score = rule::translate(&mut graph, &tree, &columns)?;
    // A constant becomes one a row.
    let rows = graph.column(&inputs[0]);
    let shape = graph.op("Shape", &[&rows]);
    let score = graph.op("Expand", &[&score, &shape]);
    graph.output(SCORE.0, DataType::Double, &score);
    Ok((graph, inputs))
}
