//! From an item of the outbox to MLflow: a training with its candidates, a promotion, a scoring.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::json;

use super::api::{self, Point, Stored, texts};
use super::client::{Client, TOO_LARGE};
use super::details::Details;
use super::logged;
use super::message::{Message, Training, key};
use super::versions::{self, Registered};
use crate::card;
use crate::export::{self, Trained};
use crate::page::Lang;
use crate::registry::outbox::Item;
use crate::registry::{Version, comparison};
use crate::term;
use crate::warehouse::{Warehouse, text};

/// Sends one item; again, it finds what is there and adds what is missing.
///
/// # Errors
/// A [`Failure`](super::client::Failure) on the way to the server, or what is wrong in the warehouse.
pub fn item(client: &Client, warehouse: &Warehouse, item: &Item) -> Result<()> {
    // The prefix of the experiments names the model as well, so that another environment has a champion of its own.
    let name = format!("{}.{}", client.settings.prefix, item.model);
    let experiment = api::experiment(client, &name)?;
    // MLflow takes neither `/` nor `:` here.
    let registered = name.replace(['/', ':'], "_");
    let details = Details::read(warehouse, &item.model, item.version)?;
    let to = To { client, warehouse, experiment, registered, details };
    let message = Message::of(item)?;
    match &message {
        Message::Training(training) => {
            let version = to.training(training, item.created_at)?;
            if !training.is_kept {
                versions::crown(client, &to.registered, &version, &to.details.reason)?;
            }
        }
        Message::Champion { reason } => {
            let version = match to.version()? {
                Some(version) => version.number,
                // A version from before the outbox, or one that was deleted there, is sent first.
                None => to.training(&Training::default(), to.details.trained_at)?,
            };
            versions::crown(client, &to.registered, &version, reason)?;
        }
        Message::Scores { metrics, seconds } => to.scores(item, metrics, *seconds)?,
    }
    Ok(())
}

/// Where something is sent, and of which version it is.
struct To<'a> {
    client: &'a Client,
    warehouse: &'a Warehouse,
    experiment: String,
    /// The registered model.
    registered: String,
    details: Details,
}

impl To<'_> {
    /// The version as MLflow has it.
    fn version(&self) -> Result<Option<Registered>> {
        let run = api::find_run(self.client, &self.experiment, &self.details.key())?;
        Ok(run.map(|run| versions::find(self.client, &run)).transpose()?.flatten())
    }

    fn scores(&self, item: &Item, metrics: &BTreeMap<String, f64>, seconds: f64) -> Result<()> {
        let date = item.reference_date.context("scores have a reference date")?;
        let at = millis(date.into());
        let point = |(name, value): (&String, &f64)| Point { name: name.clone(), value: *value, step: 0, at };
        let points: Vec<Point> = metrics.iter().map(point).collect();
        let (date, number) = (date.to_string(), item.version.to_string());
        let tags = texts([
            ("olist.kind", "scores"),
            ("olist.reference_date", &date),
            ("olist.version", &number),
            ("olist.run_id", &item.run_id),
            ("olist.tool_version", env!("CARGO_PKG_VERSION")),
            ("mlflow.source.name", "olist"),
        ]);
        let mut params = texts([("reference_date", &date), ("version", &number)]);
        let version = self.version()?;
        let uri = version.as_ref().map(|version| format!("models:/{}/{}", self.registered, version.number));
        params.extend(uri.map(|uri| ("model_uri".to_owned(), uri)));
        let end = millis(item.created_at);
        let (start, name) = (end - in_millis(seconds), format!("scores {date}"));
        let key = key("scores", &item.run_id, &item.model, item.version, &date);
        let run = api::run(self.client, &self.experiment, &key, start, &name, &tags)?;
        api::log(self.client, &run, &params, &points, None)?;
        if let Some(model_id) = version.and_then(|version| version.model_id) {
            logged::input(self.client, &run, &model_id)?;
        }
        Ok(api::finish(self.client, &run, end)?)
    }

    /// A training: a run, one more below it for each candidate, the files, and the version. Gives MLflow's number of it.
    fn training(&self, training: &Training, at: NaiveDateTime) -> Result<String> {
        let (client, details) = (self.client, &self.details);
        let version = &details.version;
        let (start, end) = (millis(at) - in_millis(training.seconds), millis(at));
        let tags = details.tags(training);
        let name = format!("{} {}", version.as_of, version.candidate);
        let run = api::run(client, &self.experiment, &details.key(), start, &name, &tags)?;
        let mut params = training.params.clone();
        params.extend(training.candidates.get(&version.candidate).cloned().unwrap_or_default());
        params.extend(texts([
            ("candidate", &version.candidate),
            ("as_of", &version.as_of.to_string()),
            ("rows", &details.rows.to_string()),
            ("inputs", &details.inputs.to_string()),
        ]));
        let model = logged::of_run(client, &self.experiment, &run, &params, &tags)?;
        let points = points(self.warehouse, version, &version.candidate)?;
        api::log(client, &run, &params, &points, model.as_ref())?;
        self.dataset(&run, training)?;
        self.candidates(&run, training, start, end)?;
        for (path, text) in files(self.warehouse, version, training)? {
            self.put(&run.artifact_uri, &path, text.as_bytes())?;
        }
        self.model(training, &run, model.as_ref())?;
        let about = format!("Champions of `{}`, trained by olist", version.model);
        versions::model(client, &self.registered, &about)?;
        let source = (&run, model.as_ref());
        let number = versions::version(client, &self.registered, source, &details.reason, &tags)?;
        api::finish(client, &run, end)?;
        Ok(number)
    }

    /// What Python loads: files of the model itself, or of its run on a server that knows no models.
    fn model(&self, training: &Training, run: &Stored, model: Option<&Stored>) -> Result<()> {
        let place = model.map_or_else(
            || format!("{}/{}", run.artifact_uri, logged::NAME),
            |model| model.artifact_uri.clone(),
        );
        let trained = Trained {
            warehouse: self.warehouse,
            version: &self.details.version,
            columns: training.select.clone(),
            example: training.example.clone(),
            model_id: model.map(|model| model.id.clone()),
        };
        let mut is_whole = true;
        for (name, bytes) in export::directory(&trained)? {
            is_whole &= self.put(&place, &name, &bytes)?;
        }
        Ok(model.map_or(Ok(()), |model| logged::finish(self.client, model, is_whole))?)
    }

    /// Sends a file; `false`, told, where it is too large.
    fn put(&self, place: &str, path: &str, bytes: &[u8]) -> Result<bool> {
        match api::log_artifact(self.client, place, path, bytes) {
            Err(failure) if failure.is(TOO_LARGE) => {
                let bytes = term::thousands(bytes.len() as u64);
                term::warn(&format!("{path} ({bytes} bytes) was not sent: {}", failure.message));
                Ok(false)
            }
            other => Ok(other.map(|()| true)?),
        }
    }

    /// The ABT that was trained on.
    fn dataset(&self, run: &Stored, training: &Training) -> Result<()> {
        if training.dataset.is_empty() {
            return Ok(());
        }
        let column = |(name, kind): &(String, String)| json!({"name": name, "type": mlflow_type(kind), "required": true});
        let columns: Vec<_> = training.columns.iter().map(column).collect();
        let source = json!({"uri": self.warehouse.path.display().to_string(), "table": training.dataset});
        let dataset = json!({
            "name": training.dataset,
            "digest": self.details.data_digest,
            "source_type": "duckdb",
            "source": source.to_string(),
            "schema": json!({"mlflow_colspec": columns}).to_string(),
            "profile": json!({"num_rows": self.details.rows}).to_string(),
        });
        Ok(api::log_dataset(self.client, run, &dataset)?)
    }

    /// A nested run for each candidate, in the order of the file.
    fn candidates(&self, parent: &Stored, training: &Training, start: i64, end: i64) -> Result<()> {
        let version = &self.details.version;
        let names: Vec<String> = self.warehouse.rows(
            "select candidate from registry.metrics where model = ? and version = ? and snapshots > 0
            group by candidate order by min(rowid)",
            &[&version.model, &version.number],
            |row| row.get(0),
        )?;
        for name in names {
            let tags = texts([
                ("mlflow.parentRunId", &parent.id),
                ("olist.kind", "candidate"),
                ("olist.is_champion", if name == version.candidate { "true" } else { "false" }),
                ("mlflow.source.name", "olist"),
            ]);
            let key = crate::fingerprint::of(&[&self.details.key(), &name]);
            let run = api::run(self.client, &self.experiment, &key, start, &name, &tags)?;
            let params = training.candidates.get(&name).cloned().unwrap_or_default();
            api::log(self.client, &run, &params, &points(self.warehouse, version, &name)?, None)?;
            api::finish(self.client, &run, end)?;
        }
        Ok(())
    }
}

/// The metrics of a candidate: a step a fold, in the order of time; the mean of all folds as `mean_…`.
fn points(warehouse: &Warehouse, version: &Version, candidate: &str) -> Result<Vec<Point>> {
    let sql = "
        with measured as (
            select *, metric || coalesce('/' || slice, '') as name, dense_rank() over (order by snapshot) - 1 as step
            from registry.metrics where model = ? and version = ? and candidate = ?
        )
        select name, value, step, snapshot from measured where value is not null
        union all
        select metric || '_low' || coalesce('/' || slice, ''), low, step, snapshot from measured where low is not null
        union all
        select metric || '_high' || coalesce('/' || slice, ''), high, step, snapshot from measured where high is not null
        union all
        select 'mean_' || name, avg(value), 0, max(snapshot) from measured group by name having count(value) = count(*)
        order by all";
    let values: [&dyn duckdb::ToSql; 3] = [&version.model, &version.number, &candidate];
    let points = warehouse.rows(sql, &values, |row| {
        let snapshot: NaiveDate = row.get(3)?;
        Ok(Point { name: row.get(0)?, value: row.get(1)?, step: row.get(2)?, at: millis(snapshot.into()) })
    })?;
    Ok(points)
}

/// What a training's run carries as files, beside the model.
fn files(warehouse: &Warehouse, version: &Version, training: &Training) -> Result<Vec<(String, String)>> {
    let mut files: Vec<(String, String)> =
        training.files.iter().map(|(file, sql)| (format!("sql/{file}"), sql.clone())).collect();
    let table = comparison::of(warehouse, &version.model, version.number)?;
    files.push(("out_of_time.csv".to_owned(), table.csv()?));
    let importances = warehouse.arrow(&format!(
        "select input, roc_auc_drop from registry.importances where model = {} and version = {} order by roc_auc_drop desc",
        text(&version.model),
        version.number
    ))?;
    if importances.rows() > 0 {
        files.push(("importances.csv".to_owned(), importances.table().csv()?));
    }
    let own = card::of(warehouse, version, Lang::English, None)?;
    files.push(("report.html".to_owned(), own.html));
    files.extend(own.charts.into_iter().map(|(name, svg)| (format!("charts/{name}.svg"), svg)));
    let portuguese = card::of(warehouse, version, Lang::Portuguese, None)?.html;
    files.push(("report.pt-BR.html".to_owned(), portuguese));
    Ok(files)
}

/// DuckDB's type in MLflow's words.
fn mlflow_type(duckdb: &str) -> &'static str {
    match duckdb {
        "BOOLEAN" => "boolean",
        "TINYINT" | "SMALLINT" | "INTEGER" => "integer",
        "BIGINT" | "UBIGINT" | "HUGEINT" => "long",
        "FLOAT" => "float",
        "VARCHAR" => "string",
        "DATE" | "TIMESTAMP" => "datetime",
        _ => "double",
    }
}

fn millis(moment: NaiveDateTime) -> i64 {
    moment.and_utc().timestamp_millis()
}

#[expect(clippy::cast_possible_truncation, reason = "nothing here lasts for millennia")]
fn in_millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}
