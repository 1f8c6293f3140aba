//! `LoggedModels` of MLflow 3: the model that a run gave, with files, params and metrics of its own. MLflow 2 knows none.

use serde_json::{Value, json};
use ureq::http::Method;

use super::api::{LONGEST_PARAM, LONGEST_TAG, Stored, Texts, items, pairs, user};
use super::client::{Answer, Client, NO_ENDPOINT};

/// What a run's model is called. MLflow 3 shows the files of a `LoggedModel` below its run by this name, and below the run
/// is where MLflow 2 has them: `runs:/…/model` is the same for both.
pub const NAME: &str = "model";

/// With an id behind it, where the files of a `LoggedModel` are.
pub const SCHEME: &str = "models:/";

/// The model of this run, made where it is not there; `None` on a server that knows none.
pub fn of_run(
    client: &Client,
    experiment: &str,
    run: &Stored,
    params: &Texts,
    tags: &Texts,
) -> Answer<Option<Stored>> {
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
        Stored::read(client, &made["model"], "model_id").map(Some)
    })?;
    if let Some(model) = &model {
        output(client, run, model)?;
    }
    Ok(model)
}

fn find(client: &Client, experiment: &str, run: &Stored) -> Answer<Option<Stored>> {
    let body = json!({
        "experiment_ids": [experiment],
        "filter": format!("name = '{NAME}' AND source_run_id = '{}'", run.id),
        "max_results": 10,
        "order_by": [{"field_name": "creation_timestamp", "ascending": true}],
    });
    let found = client.once(&Method::POST, "logged-models/search", &body)?;
    Stored::first(client, &found["models"], "model_id", |id| {
        client.call(&Method::DELETE, &format!("logged-models/{id}"), &json!({}))
    })
}

/// The model as output of the run; MLflow takes that once.
fn output(client: &Client, run: &Stored, model: &Stored) -> Answer<()> {
    client.again(|| {
        let found = client.once(&Method::GET, &format!("runs/get?run_id={}", run.id), &Value::Null)?;
        let mut outputs = items(&found["run"]["outputs"]["model_outputs"]);
        if outputs.any(|output| output["model_id"] == model.id.as_str()) {
            return Ok(());
        }
        let body = json!({"run_id": run.id, "models": [{"model_id": model.id, "step": 0}]});
        client.once(&Method::POST, "runs/outputs", &body).map(|_| ())
    })
}

/// A model as input of a run; the same again changes nothing.
pub fn input(client: &Client, run: &Stored, model_id: &str) -> Answer<()> {
    let body = json!({"run_id": run.id, "models": [{"model_id": model_id}]});
    client.post("runs/log-inputs", &body).map(|_| ())
}

/// Ends a model: all its files are there, or one could not be sent.
pub fn finish(client: &Client, model: &Stored, is_whole: bool) -> Answer<()> {
    let status = if is_whole { "LOGGED_MODEL_READY" } else { "LOGGED_MODEL_UPLOAD_FAILED" };
    let body = json!({"model_id": model.id, "status": status});
    client.call(&Method::PATCH, &format!("logged-models/{}", model.id), &body).map(|_| ())
}
