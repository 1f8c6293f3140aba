//! MLflow's registry: a model by name, its versions, and which of them is champion.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use ureq::http::Method;

use super::api::{Answer, LONGEST_TAG, Run, Texts, cut, id, pairs, text};
use super::client::Client;
use super::logged::{self, Logged};

/// The registered model of this name, made where it is not there.
pub fn model(client: &Client, name: &str, description: &str) -> Answer<()> {
    let body = json!({"name": name, "description": description});
    match client.call(&Method::POST, "registered-models/create", &body) {
        Err(failure) if !failure.is("RESOURCE_ALREADY_EXISTS") => Err(failure),
        _ => Ok(()),
    }
}

/// A version of a registered model.
pub struct Registered {
    pub number: String,
    /// Of its `LoggedModel`, where it comes from one.
    pub model_id: Option<String>,
}

/// The version of a registered model that comes from this run.
pub fn find(client: &Client, run: &Run) -> Answer<Option<Registered>> {
    let filter = format!("run_id='{}'", run.id);
    let path = format!(
        "model-versions/search?max_results=10&filter={}",
        utf8_percent_encode(&filter, NON_ALPHANUMERIC)
    );
    let found = client.call(&Method::GET, &path, &Value::Null)?;
    let number = |version: &&Value| text(&version["version"]).parse::<u64>().ok();
    let versions = found["model_versions"].as_array().into_iter().flatten();
    Ok(versions.filter(|version| number(version).is_some()).min_by_key(number).map(|version| {
        // A database of MLflow 3 keeps the id in the source alone.
        let source = text(&version["source"]);
        let model = source.strip_prefix(logged::SCHEME).filter(|rest| !rest.contains(['/', '@']));
        Registered { number: text(&version["version"]), model_id: model.map(str::to_owned) }
    }))
}

/// The version of `name` that this run and its model are, made where it is not there.
pub fn version(
    client: &Client,
    name: &str,
    (run, model): (&Run, Option<&Logged>),
    description: &str,
    tags: &Texts,
) -> Answer<String> {
    client.again(|| {
        if let Some(version) = find(client, run)? {
            return Ok(version.number);
        }
        let mut body = json!({
            "name": name,
            "source": format!("{}/{}", run.artifact_uri, logged::NAME),
            "run_id": run.id,
            "description": description,
            "tags": pairs(tags, LONGEST_TAG),
        });
        if let Some(model) = model {
            body["source"] = json!(format!("{}{}", logged::SCHEME, model.id));
            body["model_id"] = json!(model.id);
        }
        let made = client.once(&Method::POST, "model-versions/create", &body)?;
        id(client, &made["model_version"]["version"], "version")
    })
}

/// Points the alias `champion` to a version, and says there why.
pub fn crown(client: &Client, name: &str, version: &str, reason: &str) -> Answer<()> {
    let tag = json!({"name": name, "version": version, "key": "olist.champion_because", "value": cut(reason, LONGEST_TAG)});
    client.call(&Method::POST, "model-versions/set-tag", &tag)?;
    let alias = json!({"name": name, "alias": "champion", "version": version});
    client.call(&Method::POST, "registered-models/alias", &alias).map(|_| ())
}
