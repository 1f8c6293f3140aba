//! From an item of the outbox to MLflow: a training with its candidates, a promotion, a scoring.

use anyhow::{Context, Result};
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::json;

use super::api::{self, Point, Run, Texts};
use super::client::{Client, Failure, TOO_LARGE};
use super::message::{Message, Training, training_key};
use crate::export::{self, Trained};
use crate::registry::comparison;
use crate::registry::outbox::Item;
use crate::registry::{self, Version};
use crate::term;
use crate::warehouse::{Warehouse, text};

/// What went wrong on the way to the server, inside what went wrong in the warehouse.
type Sent<T> = Result<Result<T, Failure>>;

/// Goes on with the answer, or gives the failure back.
macro_rules! answer {
    ($call:expr) => {
        match $call {
            Ok(value) => value,
            Err(failure) => return Ok(Err(failure)),
        }
    };
}

/// Sends one item; again, it finds what is there and adds what is missing.
pub fn item(client: &Client, warehouse: &Warehouse, item: &Item) -> Sent<()> {
    let experiment = answer!(api::experiment(client, &experiment_name(client, &item.model)));
    let message = Message::of(item)?;
    match &message {
        Message::Training(training) => {
            let details = Details::read(warehouse, &item.model, item.version)?;
            let version =
                answer!(self::training(client, warehouse, &experiment, &details, training, item.created_at)?);
            let done = api::crown(client, &registered_name(client, &item.model), &version, &details.reason);
            Ok(done)
        }
        Message::Champion { reason } => {
            let details = Details::read(warehouse, &item.model, item.version)?;
            let run = answer!(api::find_run(client, &experiment, &details.key()));
            let found = if let Some(run) = run { answer!(api::find_version(client, &run)) } else { None };
            let version = if let Some(version) = found {
                version
            } else {
                // A version from before the outbox, or one that was deleted there, is sent first.
                let (nothing, at) = (Training::default(), details.trained_at);
                answer!(self::training(client, warehouse, &experiment, &details, &nothing, at)?)
            };
            Ok(api::crown(client, &registered_name(client, &item.model), &version, reason))
        }
        Message::Scores { metrics, seconds } => {
            let date = item.reference_date.context("scores have a reference date")?;
            let points: Vec<Point> = metrics
                .iter()
                .map(|(name, value)| Point {
                    name: name.clone(),
                    value: *value,
                    step: 0,
                    at: millis(date.into()),
                })
                .collect();
            let tags = Texts::from([
                ("olist.kind".to_owned(), "scores".to_owned()),
                ("olist.reference_date".to_owned(), date.to_string()),
                ("olist.version".to_owned(), item.version.to_string()),
                ("olist.run_id".to_owned(), item.run_id.clone()),
                ("olist.tool_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                ("mlflow.source.name".to_owned(), "olist".to_owned()),
                user(),
            ]);
            let mut params = Texts::from([
                ("reference_date".to_owned(), date.to_string()),
                ("version".to_owned(), item.version.to_string()),
            ]);
            let details = Details::read(warehouse, &item.model, item.version)?;
            let trained = answer!(api::find_run(client, &experiment, &details.key()));
            let found = if let Some(run) = trained { answer!(api::find_version(client, &run)) } else { None };
            let registered = registered_name(client, &item.model);
            params.extend(
                found.map(|version| ("model_uri".to_owned(), format!("models:/{registered}/{version}"))),
            );
            let end = millis(item.created_at);
            let (key, name) = (message.key(item), format!("scores {date}"));
            let run = answer!(api::run(client, &experiment, &key, end - in_millis(*seconds), &name, &tags));
            answer!(api::log(client, &run, &params, &points));
            Ok(api::finish(client, &run, end))
        }
    }
}

/// `olist.seller_churn`: the prefix of the experiments names it, so that another environment has a champion of its own.
/// MLflow takes neither `/` nor `:` here.
fn registered_name(client: &Client, model: &str) -> String {
    experiment_name(client, model).replace(['/', ':'], "_")
}

/// Who sends, as MLflow's Python client names them.
fn user() -> (String, String) {
    let name = ["LOGNAME", "USER", "LNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    ("mlflow.user".to_owned(), name.unwrap_or_else(|| "unknown".to_owned()))
}

#[expect(clippy::cast_possible_truncation, reason = "nothing here lasts for millennia")]
fn in_millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

fn experiment_name(client: &Client, model: &str) -> String {
    format!("{}.{model}", client.settings.prefix)
}

/// A training: a run, one more below it for each candidate, the files, and the version. Gives MLflow's number of it.
fn training(
    client: &Client,
    warehouse: &Warehouse,
    experiment: &str,
    details: &Details,
    training: &Training,
    at: NaiveDateTime,
) -> Sent<String> {
    let start = millis(at) - in_millis(training.seconds);
    let version = &details.version;
    let tags = details.tags(training);
    let name = format!("{} {}", version.as_of, version.candidate);
    let run = answer!(api::run(client, experiment, &details.key(), start, &name, &tags));

    let mut params = training.params.clone();
    params.extend(training.candidates.get(&version.candidate).cloned().unwrap_or_default());
    params.insert("candidate".to_owned(), version.candidate.clone());
    params.insert("as_of".to_owned(), version.as_of.to_string());
    params.insert("rows".to_owned(), details.rows.to_string());
    params.insert("inputs".to_owned(), details.inputs.len().to_string());
    answer!(api::log(client, &run, &params, &points(warehouse, version, &version.candidate)?));
    let schema: Vec<_> = training
        .columns
        .iter()
        .map(|(name, kind)| json!({"name": name, "type": mlflow_type(kind), "required": true}))
        .collect();
    if !training.dataset.is_empty() {
        let source = json!({"uri": warehouse.path.display().to_string(), "table": training.dataset});
        let schema = json!({"mlflow_colspec": schema});
        answer!(api::log_dataset(
            client,
            &run,
            &training.dataset,
            &details.data_digest,
            &source,
            &schema,
            details.rows
        ));
    }
    answer!(candidates(client, warehouse, experiment, details, training, &run, start, millis(at))?);
    for (path, bytes) in files(warehouse, version, training)? {
        match api::log_artifact(client, &run, &path, &bytes) {
            Err(failure) if failure.is(TOO_LARGE) => {
                let bytes = term::thousands(bytes.len() as u64);
                term::warn(&format!("{path} ({bytes} bytes) was not sent: {}", failure.message));
            }
            other => answer!(other),
        }
    }
    let registered = registered_name(client, &version.model);
    answer!(api::registered_model(
        client,
        &registered,
        &format!("Champions of `{}`, trained by olist", version.model)
    ));
    let number = answer!(api::version(client, &registered, &run, &details.reason, &tags));
    answer!(api::finish(client, &run, millis(at)));
    Ok(Ok(number))
}

/// A nested run for each candidate, in the order of the file.
#[expect(clippy::too_many_arguments, reason = "the run above, and when it was")]
fn candidates(
    client: &Client,
    warehouse: &Warehouse,
    experiment: &str,
    details: &Details,
    training: &Training,
    parent: &Run,
    start: i64,
    end: i64,
) -> Sent<()> {
    let version = &details.version;
    let names: Vec<String> = warehouse.rows(
        "select candidate from registry.metrics where model = ? and version = ? and snapshots > 0
        group by candidate order by min(rowid)",
        &[&version.model, &version.number],
        |row| row.get(0),
    )?;
    for name in names {
        let tags = Texts::from([
            ("mlflow.parentRunId".to_owned(), parent.id.clone()),
            ("olist.kind".to_owned(), "candidate".to_owned()),
            ("olist.is_champion".to_owned(), (name == version.candidate).to_string()),
            ("mlflow.source.name".to_owned(), "olist".to_owned()),
            user(),
        ]);
        let key = crate::fingerprint::of(&[&details.key(), &name]);
        let run = answer!(api::run(client, experiment, &key, start, &name, &tags));
        let params = training.candidates.get(&name).cloned().unwrap_or_default();
        answer!(api::log(client, &run, &params, &points(warehouse, version, &name)?));
        answer!(api::finish(client, &run, end));
    }
    Ok(Ok(()))
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

/// Everything that a training's run carries as files.
fn files(warehouse: &Warehouse, version: &Version, training: &Training) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files: Vec<(String, Vec<u8>)> =
        training.files.iter().map(|(file, sql)| (format!("sql/{file}"), sql.clone().into_bytes())).collect();
    let table = comparison::of(warehouse, &version.model, version.number)?;
    files.push(("out_of_time.csv".to_owned(), table.csv()?.into_bytes()));
    let importances = warehouse.arrow(&format!(
        "select input, roc_auc_drop from registry.importances where model = {} and version = {} order by roc_auc_drop desc",
        text(&version.model),
        version.number
    ))?;
    if importances.rows() > 0 {
        files.push(("importances.csv".to_owned(), importances.table().csv()?.into_bytes()));
    }
    let (columns, example) = (training.select.clone(), training.example.clone());
    for (name, bytes) in export::directory(&Trained { warehouse, version, columns, example })? {
        files.push((format!("model/{name}"), bytes));
    }
    Ok(files)
}

/// What the registry says of a version, beyond what scoring needs.
struct Details {
    version: Version,
    inputs: Vec<String>,
    rows: i64,
    data_digest: String,
    tool_version: String,
    run_id: String,
    command: String,
    trained_at: NaiveDateTime,
    reason: String,
}

impl Details {
    fn read(warehouse: &Warehouse, model: &str, number: i32) -> Result<Self> {
        let version =
            registry::versions(warehouse, model)?.into_iter().find(|version| version.number == number);
        let version =
            version.with_context(|| format!("version {number} of `{model}` is not in registry.models"))?;
        let sql =
            "select to_json(m.inputs)::varchar, m.trained_rows, m.data_digest, m.tool_version, m.run_id,
                       coalesce(any_value(r.command), ''), m.trained_at,
                       coalesce(first(c.reason order by c.since), '')
                   from registry.models as m
                   left join registry.champions as c on c.model = m.model and c.version = m.version
                   left join pipeline.runs as r on r.run_id = m.run_id
                   where m.model = ? and m.version = ?
                   group by all";
        let details = warehouse.row(sql, &[&model, &number], |row| {
            let inputs: String = row.get(0)?;
            Ok(Self {
                version: version.clone(),
                inputs: serde_json::from_str(&inputs).unwrap_or_default(),
                rows: row.get(1)?,
                data_digest: row.get(2)?,
                tool_version: row.get(3)?,
                run_id: row.get(4)?,
                command: row.get(5)?,
                trained_at: row.get(6)?,
                reason: row.get(7)?,
            })
        })?;
        details.context("a version has a line in registry.models")
    }

    fn key(&self) -> String {
        training_key(&self.run_id, &self.version.model, self.version.number)
    }

    fn tags(&self, training: &Training) -> Texts {
        let version = &self.version;
        let mut tags = Texts::from([
            ("olist.kind".to_owned(), "training".to_owned()),
            ("olist.version".to_owned(), version.number.to_string()),
            ("olist.candidate".to_owned(), version.candidate.clone()),
            ("olist.reference_date".to_owned(), version.as_of.to_string()),
            ("olist.trained_through".to_owned(), version.trained_through.to_string()),
            ("olist.definition".to_owned(), version.definition.clone()),
            ("olist.data_digest".to_owned(), self.data_digest.clone()),
            ("olist.tool_version".to_owned(), self.tool_version.clone()),
            ("olist.run_id".to_owned(), self.run_id.clone()),
            ("mlflow.note.content".to_owned(), self.reason.clone()),
            ("mlflow.source.name".to_owned(), format!("olist {}", self.command).trim().to_owned()),
            ("mlflow.source.type".to_owned(), "LOCAL".to_owned()),
            user(),
        ]);
        for (file, fingerprint) in &version.definition_parts {
            tags.insert(format!("olist.fingerprint.{file}"), fingerprint.clone());
        }
        if let Some(commit) = &training.git_commit {
            tags.insert("mlflow.source.git.commit".to_owned(), commit.clone());
        }
        tags
    }
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
