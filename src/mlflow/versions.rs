//! MLflow's registry: a model by name, its versions, and which of them is champion.

use serde_json::{Value, json};
use ureq::http::Method;

use super::api::{LONGEST_TAG, Stored, Texts, cut, encoded, id, items, pairs, text};
use super::client::{Answer, Client};
use super::logged;

/// The registered model of this name, made where it is not there.
pub fn model(client: &Client, name: &str, description: &str) -> Answer<()> {
    let body = json!({"name": name, "description": description});
    match client.post("registered-models/create", &body) {
        Err(failure) if !failure.is("RESOURCE_ALREADY_EXISTS") => Err(failure),
        _ => Ok(()),
    }
}

pub struct Registered {
    pub number: String,
    /// Of its `LoggedModel`, where it comes from one.
    pub model_id: Option<String>,
}

/// The version of a registered model that comes from this run.
pub fn find(client: &Client, run: &Stored) -> Answer<Option<Registered>> {
    let filter = encoded(&format!("run_id='{}'", run.id));
    let path = format!("model-versions/search?max_results=10&filter={filter}");
    let found = client.call(&Method::GET, &path, &Value::Null)?;
    let number = |version: &&Value| text(&version["version"]).parse::<u64>().ok();
    let versions = items(&found["model_versions"]);
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
    (run, model): (&Stored, Option<&Stored>),
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
    client.post("model-versions/set-tag", &tag)?;
    let alias = json!({"name": name, "alias": "champion", "version": version});
    client.post("registered-models/alias", &alias).map(|_| ())
}
