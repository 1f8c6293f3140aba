//! The files beside `model.onnx` that make a folder a model of MLflow.

use anyhow::Result;
use serde_json::{Value, json};

use super::Trained;
use super::onnx::Onnx;

/// The MLflow whose folders these are like.
const MLFLOW: &str = "3.17.2";
/// The first with a Python package for `onnxruntime` below; any later one does.
const PYTHON: &str = "3.12";
/// `TreeEnsemble` in 64 bits is in onnxruntime since 1.20, and ONNX's IR 10 in onnx since 1.16.
const ONNX: &str = "1.16.0";
const PACKAGES: [&str; 5] = ["mlflow>=3.17.2,<4", "numpy", "onnx>=1.16.0", "onnxruntime>=1.20.0", "pandas"];

const RULE: &str = "rule.sql";
const INPUT_EXAMPLE: &str = "input_example.json";
const SERVING_EXAMPLE: &str = "serving_input_example.json";

/// All files of the folder. The same version gives the same bytes.
pub fn files(trained: &Trained<'_>, onnx: Onnx) -> Result<Vec<(String, Vec<u8>)>> {
    let rows = example(trained, &onnx.inputs)?;
    let has_example = !rows.is_empty();
    let split = json!({"columns": onnx.inputs, "data": rows});
    let mut files = vec![
        ("MLmodel".to_owned(), mlmodel(trained, &onnx, has_example)?.into_bytes()),
        ("requirements.txt".to_owned(), lines(&PACKAGES).into_bytes()),
        ("conda.yaml".to_owned(), conda().into_bytes()),
        ("python_env.yaml".to_owned(), python_env().into_bytes()),
    ];
    if has_example {
        let serving = json!({"dataframe_split": split});
        files.push((INPUT_EXAMPLE.to_owned(), serde_json::to_vec(&split)?));
        files.push((SERVING_EXAMPLE.to_owned(), serde_json::to_vec_pretty(&serving)?));
    }
    files.push(("model.onnx".to_owned(), onnx.bytes));
    Ok(files)
}

/// The folder of a rule that cannot be said in ONNX, because of `why`.
pub fn files_of_rule(trained: &Trained<'_>, expression: &str, why: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let rule = format!("-- {}\n{expression}\n", why.replace('\n', " "));
    let flavors = format!("  olist:\n    data: {RULE}\n");
    let mlmodel = document(trained, &flavors, rule.as_bytes(), "")?;
    Ok(vec![("MLmodel".to_owned(), mlmodel.into_bytes()), (RULE.to_owned(), rule.into_bytes())])
}

fn mlmodel(trained: &Trained<'_>, onnx: &Onnx, has_example: bool) -> Result<String> {
    let column = |kind: &str, name: &str| json!({"type": kind, "name": name, "required": true});
    let inputs: Vec<Value> = onnx.inputs.iter().map(|name| column("double", name)).collect();
    let outputs: Vec<Value> = onnx.outputs.iter().map(|(name, kind)| column(kind, name)).collect();
    let example = if has_example {
        format!(
            "saved_input_example_info:\n  artifact_path: {INPUT_EXAMPLE}\n  pandas_orient: split\n  \
             serving_input_path: {SERVING_EXAMPLE}\n  type: dataframe\n"
        )
    } else {
        String::new()
    };
    let flavors = format!(
        "  onnx:
    code: null
    data: model.onnx
    onnx_session_options: null
    onnx_version: {ONNX}
    providers:
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.onnx
    python_version: '{PYTHON}'
"
    );
    let signature = format!(
        "{example}signature:\n  inputs: {}\n  outputs: {}\n  params: null\n",
        quoted(&Value::Array(inputs).to_string()),
        quoted(&Value::Array(outputs).to_string()),
    );
    document(trained, &flavors, &onnx.bytes, &signature)
}

/// The file `MLmodel`, of a model whose own file holds `bytes`.
fn document(trained: &Trained<'_>, flavors: &str, bytes: &[u8], signature: &str) -> Result<String> {
    let version = trained.version;
    Ok(format!(
        "flavors:
{flavors}is_signature_from_type_hint: false
metadata:
  candidate: {}
  model: {}
  trained_through: '{}'
  version: {}
mlflow_version: {MLFLOW}
model_id: null
model_size_bytes: {}
model_uuid: {}
prompts: null
{signature}type_hint_from_example: false
utc_time_created: '{}'
",
        quoted(&version.candidate),
        quoted(&version.model),
        version.trained_through,
        version.number,
        bytes.len(),
        &blake3::hash(bytes).to_hex()[..32],
        trained.trained_at()?,
    ))
}

/// The example rows with the inputs of the ONNX model alone: a rule may use few; none where one is not an input.
fn example(trained: &Trained<'_>, wanted: &[String]) -> Result<Vec<Vec<f64>>> {
    let inputs = trained.inputs()?;
    let places: Option<Vec<usize>> =
        wanted.iter().map(|name| inputs.iter().position(|input| input == name)).collect();
    let row = |row: &Vec<f64>| {
        places.as_ref()?.iter().map(|&at| row.get(at).copied()).collect::<Option<Vec<f64>>>()
    };
    Ok(trained.example.iter().filter_map(row).collect())
}

fn conda() -> String {
    let packages: Vec<String> = PACKAGES.iter().map(|package| format!("  - {package}")).collect();
    format!(
        "channels:\n- conda-forge\ndependencies:\n- python={PYTHON}\n- pip\n- pip:\n{}name: mlflow-env\n",
        lines(&packages)
    )
}

fn python_env() -> String {
    format!(
        "python: '{PYTHON}'\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n- -r requirements.txt\n"
    )
}

fn lines<S: AsRef<str>>(lines: &[S]) -> String {
    lines.iter().flat_map(|line| [line.as_ref(), "\n"]).collect()
}

/// A text of YAML, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
