//! `model.onnx` of what was learned.

use anyhow::Result;

use super::graph::{Builder, DataType};
use super::mlmodel::Artifact;
use super::{Trained, learned, segment_names};
use crate::learn::{Clustering, Fitted};

/// `TreeEnsemble` in 64 bits is in onnxruntime since 1.20, and ONNX's IR 10 in onnx since 1.16.
const PACKAGES: &[&str] = &["mlflow>=3.17.2,<4", "numpy", "onnx>=1.16.0", "onnxruntime>=1.20.0", "pandas"];
const FLAVOR: &str = "  onnx:
    code: null
    data: model.onnx
    onnx_session_options: null
    onnx_version: 1.16.0
    providers:
    - CPUExecutionProvider
";

pub fn of_fitted(trained: &Trained<'_>, fitted: &Fitted) -> Artifact {
    let mut graph = Builder::new(fitted.columns());
    let matrix = graph.matrix();
    let score = learned::probability(&mut graph, &matrix, fitted);
    graph.output("score", DataType::Double, &score);
    artifact(trained, graph, fitted.columns(), vec![("score", "double")])
}

pub fn of_clustering(trained: &Trained<'_>, clustering: &Clustering) -> Result<Artifact> {
    let names = segment_names(trained.warehouse, trained.version, clustering)?;
    let mut graph = Builder::new(clustering.columns());
    let matrix = graph.matrix();
    learned::segments(&mut graph, &matrix, clustering, names.as_deref());
    let name = names.map(|_| ("segment_name", "string"));
    let outputs = [Some(("segment", "integer")), name, Some(("distance", "double"))];
    Ok(artifact(trained, graph, clustering.columns(), outputs.into_iter().flatten().collect()))
}

fn artifact(
    trained: &Trained<'_>,
    graph: Builder,
    inputs: &[String],
    outputs: Vec<(&'static str, &'static str)>,
) -> Artifact {
    let version = trained.version;
    let about = [
        ("model", version.model.clone()),
        ("version", version.number.to_string()),
        ("candidate", version.candidate.clone()),
        ("as_of", version.as_of.to_string()),
        ("trained_through", version.trained_through.to_string()),
    ];
    let bytes = graph.finish(&version.model, version.number, &about);
    Artifact {
        inputs: inputs.iter().map(|name| (name.clone(), "double")).collect(),
        outputs,
        files: vec![("model.onnx", bytes)],
        flavor: FLAVOR,
        loader_module: "mlflow.onnx",
        packages: PACKAGES,
    }
}
