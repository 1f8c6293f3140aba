//! The folder that MLflow loads as a model: what computes it, and the files beside that.

use anyhow::Result;
use serde_json::{Value, json};

use super::Trained;

/// The MLflow whose folders these are like.
const MLFLOW: &str = "3.17.2";
/// The first with a package of onnxruntime as the models need it; any later one does.
const PYTHON: &str = "3.12";

const INPUT_EXAMPLE: &str = "input_example.json";
const SERVING_EXAMPLE: &str = "serving_input_example.json";

/// What Python loads of a version.
pub struct Artifact {
    /// Names, and types in the words of MLflow.
    pub inputs: Vec<(String, &'static str)>,
    pub outputs: Vec<(&'static str, &'static str)>,
    /// Name and content; the first is the one that is loaded.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// In `MLmodel`, beside that of Python's functions.
    pub flavor: &'static str,
    pub loader_module: &'static str,
    pub packages: &'static [&'static str],
}

/// All files of the folder. The same version gives the same bytes.
pub fn files(trained: &Trained<'_>, artifact: Artifact) -> Result<Vec<(String, Vec<u8>)>> {
    let rows = example(trained, &artifact)?;
    let has_example = !rows.is_empty();
    let packages = |before: &str| {
        let lines: Vec<String> = artifact.packages.iter().map(|name| format!("{before}{name}\n")).collect();
        lines.concat()
    };
    let conda = format!(
        "channels:\n- conda-forge\ndependencies:\n- python={PYTHON}\n- pip\n- pip:\n{}name: mlflow-env\n",
        packages("  - ")
    );
    let python_env = format!(
        "python: '{PYTHON}'\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n- -r requirements.txt\n"
    );
    let mut files = vec![
        ("MLmodel", mlmodel(trained, &artifact, has_example)?.into_bytes()),
        ("requirements.txt", packages("").into_bytes()),
        ("conda.yaml", conda.into_bytes()),
        ("python_env.yaml", python_env.into_bytes()),
    ];
    if has_example {
        let names: Vec<&String> = artifact.inputs.iter().map(|(name, _)| name).collect();
        let split = json!({"columns": names, "data": rows});
        files.push((INPUT_EXAMPLE, serde_json::to_vec(&split)?));
        files.push((SERVING_EXAMPLE, serde_json::to_vec_pretty(&json!({"dataframe_split": split}))?));
    }
    files.extend(artifact.files);
    Ok(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())
}

fn mlmodel(trained: &Trained<'_>, artifact: &Artifact, has_example: bool) -> Result<String> {
    let version = trained.version;
    let (file, bytes) = &artifact.files[0];
    let code = if artifact.files.len() > 1 { "    code: code\n" } else { "" };
    let example = if has_example {
        format!(
            "saved_input_example_info:\n  artifact_path: {INPUT_EXAMPLE}\n  pandas_orient: split\n  \
             serving_input_path: {SERVING_EXAMPLE}\n  type: dataframe\n"
        )
    } else {
        String::new()
    };
    let inputs = artifact.inputs.iter().map(|(name, kind)| column(name, kind)).collect();
    let outputs = artifact.outputs.iter().map(|(name, kind)| column(name, kind)).collect();
    Ok(format!(
        "flavors:
{}  python_function:
{code}    data: {file}
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: {}
    python_version: '{PYTHON}'
is_signature_from_type_hint: false
metadata:
  candidate: {}
  model: {}
  trained_through: '{}'
  version: {}
mlflow_version: {MLFLOW}
model_id: {}
model_size_bytes: {}
model_uuid: {}
prompts: null
{example}signature:
  inputs: {}
  outputs: {}
  params: null
type_hint_from_example: false
utc_time_created: '{}'
",
        artifact.flavor,
        artifact.loader_module,
        quoted(&version.candidate),
        quoted(&version.model),
        version.trained_through,
        version.number,
        trained.model_id.as_deref().unwrap_or("null"),
        bytes.len(),
        trained.model_id.as_deref().unwrap_or(&blake3::hash(bytes).to_hex()[..32]),
        quoted(&Value::Array(inputs).to_string()),
        quoted(&Value::Array(outputs).to_string()),
        trained.trained_at()?,
    ))
}

fn column(name: &str, kind: &str) -> Value {
    json!({"type": kind, "name": name, "required": true})
}

/// The example rows with the inputs of the artifact alone: a rule may use few; none where one is not an input.
fn example(trained: &Trained<'_>, artifact: &Artifact) -> Result<Vec<Vec<f64>>> {
    let inputs = trained.inputs()?;
    let place = |(name, _): &(String, &str)| inputs.iter().position(|input| input == name);
    let Some(places) = artifact.inputs.iter().map(place).collect::<Option<Vec<usize>>>() else {
        return Ok(Vec::new());
    };
    let row = |row: &Vec<f64>| places.iter().map(|&at| row.get(at).copied()).collect();
    Ok(trained.example.iter().filter_map(row).collect())
}

/// A text of YAML, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
