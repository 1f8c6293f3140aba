//! MLflow's tracking API, as far as it is needed: each call may be repeated and leaves one thing.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use ureq::http::Method;

use super::client::{Answer, Client, Failure};

/// Most of each that one request may carry.
const PARAMS: usize = 100;
/// MLflow takes more, and then cannot tell which of a model's it has when they come a second time.
const METRICS: usize = 100;
/// Longest values that MLflow keeps.
pub const LONGEST_PARAM: usize = 6000;
pub const LONGEST_TAG: usize = 5000;

/// The tag by which a thing of ours is found again.
const KEY: &str = "olist.key";

pub type Texts = BTreeMap<String, String>;

/// A run or a model on the server.
#[derive(Debug, Clone)]
pub struct Stored {
    pub id: String,
    pub artifact_uri: String,
}

impl Stored {
    pub fn read(client: &Client, thing: &Value, name: &str) -> Answer<Self> {
        let info = &thing["info"];
        Ok(Self { id: id(client, &info[name], name)?, artifact_uri: text(&info["artifact_uri"]) })
    }

    /// The first of those found. Where a request that seemed lost has made a second one, the later ones go.
    pub fn first(
        client: &Client,
        found: &Value,
        name: &str,
        delete: impl Fn(&str) -> Answer<Value>,
    ) -> Answer<Option<Self>> {
        let found =
            items(found).map(|thing| Self::read(client, thing, name)).collect::<Answer<Vec<Self>>>()?;
        found.iter().skip(1).try_for_each(|extra| delete(&extra.id).map(|_| ()))?;
        Ok(found.into_iter().next())
    }
}

pub struct Point {
    pub name: String,
    pub value: f64,
    pub step: i64,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// The experiment of this name, made where it is not there.
pub fn experiment(client: &Client, name: &str) -> Answer<String> {
    let path = format!("experiments/get-by-name?experiment_name={}", encoded(name));
    client.again(|| {
        match client.once(&Method::GET, &path, &Value::Null) {
            Ok(found) if found["experiment"]["lifecycle_stage"] == "deleted" => {
                let id = text(&found["experiment"]["experiment_id"]);
                return Err(Failure::new(
                    format!("the experiment `{name}` is deleted in MLflow at {}", client.settings.uri),
                    format!("`mlflow experiments restore --experiment-id {id}` brings it back; MLFLOW_EXPERIMENT_NAME takes another name"),
                ));
            }
            Ok(found) => return id(client, &found["experiment"]["experiment_id"], "experiment_id"),
            Err(failure) if failure.is("RESOURCE_DOES_NOT_EXIST") => {}
            Err(failure) => return Err(failure),
        }
        // Without it, the page of MLflow 3 takes the experiment for one of prompts and traces.
        let kind = json!({"key": "mlflow.experimentKind", "value": "custom_model_development"});
        let made = client.once(&Method::POST, "experiments/create", &json!({"name": name, "tags": [kind]}))?;
        id(client, &made["experiment_id"], "experiment_id")
    })
}

/// The run with this key, made where it is not there.
pub fn run(
    client: &Client,
    experiment: &str,
    key: &str,
    start: i64,
    name: &str,
    tags: &Texts,
) -> Answer<Stored> {
    client.again(|| {
        if let Some(run) = find_run(client, experiment, key)? {
            return Ok(run);
        }
        let mut tags = tags.clone();
        tags.insert(KEY.to_owned(), key.to_owned());
        tags.insert("mlflow.user".to_owned(), user());
        let body = json!({"experiment_id": experiment, "start_time": start, "run_name": name, "tags": pairs(&tags, LONGEST_TAG)});
        let made = client.once(&Method::POST, "runs/create", &body)?;
        Stored::read(client, &made["run"], "run_id")
    })
}

/// Who sends, as MLflow's Python client names them.
pub fn user() -> String {
    let name = ["LOGNAME", "USER", "LNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    name.unwrap_or_else(|| "unknown".to_owned())
}

pub fn find_run(client: &Client, experiment: &str, key: &str) -> Answer<Option<Stored>> {
    let body = json!({
        "experiment_ids": [experiment],
        "filter": format!("tags.`{KEY}` = '{key}'"),
        "run_view_type": "ACTIVE_ONLY",
        "max_results": 10,
        "order_by": ["attributes.start_time ASC"],
    });
    let found = client.post("runs/search", &body)?;
    Stored::first(client, &found["runs"], "run_id", |id| client.post("runs/delete", &json!({"run_id": id})))
}

/// Params and metrics of a run, the metrics also of the model that it gave.
pub fn log(
    client: &Client,
    run: &Stored,
    params: &Texts,
    points: &[Point],
    model: Option<&Stored>,
) -> Answer<()> {
    for params in pairs(params, LONGEST_PARAM).chunks(PARAMS) {
        client.post("runs/log-batch", &json!({"run_id": run.id, "params": params}))?;
    }
    for points in points.chunks(METRICS) {
        let metric = |point: &Point| {
            let mut metric = json!({"key": allowed(&point.name), "value": point.value, "timestamp": point.at, "step": point.step});
            if let Some(model) = model {
                metric["model_id"] = json!(model.id);
            }
            metric
        };
        let metrics: Vec<Value> = points.iter().map(metric).collect();
        client.post("runs/log-batch", &json!({"run_id": run.id, "metrics": metrics}))?;
    }
    Ok(())
}

pub fn log_dataset(client: &Client, run: &Stored, dataset: &Value) -> Answer<()> {
    let context = json!([{"key": "mlflow.data.context", "value": "training"}]);
    let body = json!({"run_id": run.id, "datasets": [{"tags": context, "dataset": dataset}]});
    client.post("runs/log-inputs", &body).map(|_| ())
}

/// Writes a file below the place where a run or a model keeps its own.
pub fn log_artifact(client: &Client, place: &str, path: &str, bytes: &[u8]) -> Answer<()> {
    // `mlflow-artifacts:/1/abc/artifacts`, or with a host in it.
    let root = place.strip_prefix("mlflow-artifacts:").map(|rest| match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => rest.trim_start_matches('/'),
    });
    let Some(root) = root else {
        return Err(Failure::new(
            format!(
                "MLflow at {} keeps artifacts at {place}, past the server, where only its own client can write",
                client.settings.uri
            ),
            "start `mlflow server` with --serve-artifacts (its default) and without --default-artifact-root; new experiments then take files through it",
        ));
    };
    client.put(&format!("{root}/{path}"), bytes)
}

pub fn finish(client: &Client, run: &Stored, end: i64) -> Answer<()> {
    let body = json!({"run_id": run.id, "status": "FINISHED", "end_time": end});
    client.post("runs/update", &body).map(|_| ())
}

pub fn pairs(values: &Texts, longest: usize) -> Vec<Value> {
    values.iter().map(|(key, value)| json!({"key": allowed(key), "value": cut(value, longest)})).collect()
}

pub fn texts<const N: usize>(pairs: [(&str, &str); N]) -> Texts {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What MLflow takes as a name: letters, digits and a few signs.
fn allowed(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric() && !"_-. /".contains(c), "_")
}

pub fn cut(value: &str, longest: usize) -> String {
    value.chars().take(longest).collect()
}

pub fn encoded(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// What an answer has to name: whoever answers without it is no MLflow.
pub fn id(client: &Client, value: &Value, name: &str) -> Answer<String> {
    let id = text(value);
    if !value.is_null() && !id.is_empty() {
        return Ok(id);
    }
    Err(Failure::new(
        format!("{} does not answer as MLflow does: there is no `{name}`", client.settings.uri),
        "MLFLOW_TRACKING_URI has to be the address of `mlflow server` itself",
    ))
}

/// A text of an answer; ids come as texts or numbers.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a list of an answer holds; nothing where there is none.
pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
