//! `LoggedModels` of MLflow 3: the model that a run gave, with files, params and metrics of its own. MLflow 2 knows none.

use serde_json::{Value, json};
use ureq::http::Method;

use super::api::{Answer, LONGEST_PARAM, LONGEST_TAG, Run, Texts, id, pairs, text, user};
use super::client::{Client, NO_ENDPOINT};

/// What a run's model is called. MLflow 3 shows the files of a `LoggedModel` below its run by this name, and below the run
/// is where MLflow 2 has them: `runs:/…/model` is the same for both.
pub const NAME: &str = "model";

/// With an id behind it, where the files of a `LoggedModel` are.
pub const SCHEME: &str = "models:/";

/// A model on the server.
pub struct Logged {
    pub id: String,
    pub artifact_uri: String,
}

/// The model of this run, made where it is not there; `None` on a server that knows none.
pub fn of_run(
    client: &Client,
    experiment: &str,
    run: &Run,
    params: &Texts,
    tags: &Texts,
) -> Answer<Option<Logged>> {
    let model = client.again(|| {
        match find(client, experiment, run) {
            Err(failure) if failure.is(NO_ENDPOINT) => return Ok(None),
            Ok(None) => {}
            known => return known,
        }
        let mut tags = tags.clone();
        tags.insert("mlflow.user".to_owned(), user());
        let body = json!({
            "experiment_id": experiment,
            "name": NAME,
            "source_run_id": run.id,
            "model_type": params.get("task"),
            "params": pairs(params, LONGEST_PARAM),
            "tags": pairs(&tags, LONGEST_TAG),
        });
        let made = client.once(&Method::POST, "logged-models", &body)?;
        read(client, &made["model"]).map(Some)
    })?;
    if let Some(model) = &model {
        output(client, run, model)?;
    }
    Ok(model)
}

/// The model of this run. Where a request that seemed lost has made a second one, the later ones go.
fn find(client: &Client, experiment: &str, run: &Run) -> Answer<Option<Logged>> {
    let body = json!({
        "experiment_ids": [experiment],
        "filter": format!("name = '{NAME}' AND source_run_id = '{}'", run.id),
        "max_results": 10,
        "order_by": [{"field_name": "creation_timestamp", "ascending": true}],
    });
    let found = client.once(&Method::POST, "logged-models/search", &body)?;
    let models: Vec<Logged> = found["models"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|model| read(client, model))
        .collect::<Answer<_>>()?;
    for extra in models.iter().skip(1) {
        client.call(&Method::DELETE, &format!("logged-models/{}", extra.id), &json!({}))?;
    }
    Ok(models.into_iter().next())
}

fn read(client: &Client, model: &Value) -> Answer<Logged> {
    let info = &model["info"];
    Ok(Logged { id: id(client, &info["model_id"], "model_id")?, artifact_uri: text(&info["artifact_uri"]) })
}

/// The model as output of the run; MLflow takes that once.
fn output(client: &Client, run: &Run, model: &Logged) -> Answer<()> {
    client.again(|| {
        let found = client.once(&Method::GET, &format!("runs/get?run_id={}", run.id), &Value::Null)?;
        let outputs = found["run"]["outputs"]["model_outputs"].as_array();
        if outputs.into_iter().flatten().any(|output| output["model_id"] == model.id.as_str()) {
            return Ok(());
        }
        let body = json!({"run_id": run.id, "models": [{"model_id": model.id, "step": 0}]});
        client.once(&Method::POST, "runs/outputs", &body).map(|_| ())
    })
}

/// A model as input of a run; the same again changes nothing.
pub fn input(client: &Client, run: &Run, model_id: &str) -> Answer<()> {
    let body = json!({"run_id": run.id, "models": [{"model_id": model_id}]});
    client.call(&Method::POST, "runs/log-inputs", &body).map(|_| ())
}

/// Ends a model: all its files are there, or one could not be sent.
pub fn finish(client: &Client, model: &Logged, is_whole: bool) -> Answer<()> {
    let status = if is_whole { "LOGGED_MODEL_READY" } else { "LOGGED_MODEL_UPLOAD_FAILED" };
    let body = json!({"model_id": model.id, "status": status});
    client.call(&Method::PATCH, &format!("logged-models/{}", model.id), &body).map(|_| ())
}
