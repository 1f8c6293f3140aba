//! What is to be sent to MLflow: written in the transaction of what it tells of, sent afterwards, in order.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Model};
use crate::config::{ModelSpec, Task};
use crate::export;
use crate::fingerprint;
use crate::learn::Matrix;
use crate::train::Recipe;
use crate::warehouse::{SqlError, Warehouse};

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum News {
    /// A version was trained and became champion.
    Training(Box<Training>),
    /// A version was made champion by hand.
    Champion { reason: String },
    /// A date was scored: what its scores are like.
    Scores { metrics: BTreeMap<String, f64> },
}

/// What the registry does not keep of a training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The model's config, by name.
    pub params: BTreeMap<String, String>,
    /// Settings of every candidate, by its name.
    pub candidates: BTreeMap<String, BTreeMap<String, String>>,
    /// Rendered SQL of the model and all it needs, by file.
    pub files: BTreeMap<String, String>,
    /// Commit of the project's folder, where it is in git.
    pub git_commit: Option<String>,
    /// The ABT, and its columns with their types.
    pub dataset: String,
    pub columns: Vec<(String, String)>,
    pub seconds: f64,
    /// Name and type of the columns of the model's SELECT.
    pub select: Vec<(String, String)>,
    /// Rows of inputs, in the order of the version's inputs.
    pub example: Vec<Vec<f64>>,
}

impl Training {
    /// Of a model that is trained on the rows of `x`.
    pub fn of(
        warehouse: &Warehouse,
        catalog: &Catalog,
        model: &Model,
        as_of: NaiveDate,
        recipes: &[Recipe],
        x: &Matrix,
        took: Duration,
    ) -> Result<Self> {
        let mut tables = catalog.upstream(&model.table());
        tables.insert(model.table());
        let mut files = BTreeMap::new();
        for table in &tables {
            let rendered = catalog.render(table, as_of)?;
            files.insert(rendered.file.clone(), rendered.sql.to_string());
        }
        let select = warehouse.describe(&catalog.render(&model.table(), as_of)?.select()?)?;
        let dataset = model.refs.iter().cloned().collect::<Vec<_>>().join(", ");
        let columns = match model.refs.first() {
            Some(table) => warehouse.columns(table)?,
            None => Vec::new(),
        };
        let rows = x.rows().min(export::EXAMPLE);
        let width = x.columns().len();
        Ok(Self {
            params: params(&model.spec),
            candidates: recipes.iter().map(|recipe| (recipe.name.clone(), settings(recipe))).collect(),
            files,
            git_commit: git_commit(catalog),
            dataset,
            columns,
            select,
            seconds: took.as_secs_f64(),
            example: (0..rows).map(|row| (0..width).map(|at| x.column(at)[row]).collect()).collect(),
        })
    }
}

/// A model's config as MLflow's params.
fn params(spec: &ModelSpec) -> BTreeMap<String, String> {
    let mut params = BTreeMap::from([
        ("key".to_owned(), spec.key.join(", ")),
        ("snapshots.from".to_owned(), spec.from.to_string()),
        ("snapshots.every".to_owned(), spec.every.name().to_owned()),
        ("retrain_days".to_owned(), spec.retrain_days.to_string()),
        ("seed".to_owned(), spec.seed.to_string()),
    ]);
    let mut add = |name: &str, value: String| params.insert(name.to_owned(), value);
    match &spec.task {
        Task::Binary(binary) => {
            add("task", "binary".to_owned());
            add("label", binary.label.clone());
            add("metric", binary.metric.name().to_owned());
            add("validate.last", binary.validate.last.to_string());
            add("validate.every", binary.validate.every.name().to_owned());
            for (name, condition) in &binary.slices {
                add(&format!("slice.{name}"), condition.to_string());
            }
        }
        Task::Clusters(clusters) => {
            add("task", "clusters".to_owned());
            add("stability", clusters.stability.to_string());
            add("smallest_share", clusters.smallest_share.to_string());
        }
    }
    params
}

/// The algorithms of a candidate with all their settings: `alpha`, or `logistic_regression.alpha` in a blend.
fn settings(recipe: &Recipe) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::from([("algorithm".to_owned(), recipe.algorithm().to_owned())]);
    for part in &recipe.parts {
        let Ok(serde_json::Value::Object(values)) = serde_json::to_value(part) else { continue };
        for (name, value) in
            values.into_iter().filter(|(name, value)| name != "algorithm" && !value.is_null())
        {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let name = if recipe.parts.len() > 1 { format!("{}.{name}", part.name()) } else { name };
            settings.insert(name, text);
        }
    }
    settings
}

/// The commit that the project's folder stands at; `None` outside git, or where git is not installed.
fn git_commit(catalog: &Catalog) -> Option<String> {
    let root = catalog.root.as_ref()?;
    let output = Command::new("git").arg("-C").arg(root).args(["rev-parse", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}

/// A line of `registry.outbox` that is not sent yet.
#[derive(Debug, Clone)]
pub struct Item {
    pub model: String,
    pub version: i32,
    pub reference_date: Option<NaiveDate>,
    pub run_id: String,
    pub created_at: NaiveDateTime,
    pub news: News,
}

impl Item {
    /// Names the item everywhere and always: found again on the server, it is not sent twice.
    pub fn key(&self) -> String {
        match &self.news {
            News::Training(_) => training_key(&self.run_id, &self.model, self.version),
            News::Champion { .. } => key("champion", &self.run_id, &self.model, self.version, ""),
            News::Scores { .. } => {
                let date = self.reference_date.map_or_else(String::new, |date| date.to_string());
                key("scores", &self.run_id, &self.model, self.version, &date)
            }
        }
    }
}

/// The key of the training of a version.
pub fn training_key(run_id: &str, model: &str, version: i32) -> String {
    key("training", run_id, model, version, "")
}

fn key(kind: &str, run_id: &str, model: &str, version: i32, date: &str) -> String {
    fingerprint::of(&[kind, run_id, model, &version.to_string(), date])
}

/// Writes a line, in the transaction of what it tells of.
pub fn add(
    warehouse: &Warehouse,
    model: &str,
    version: i32,
    reference_date: Option<NaiveDate>,
    run_id: &str,
    news: &News,
) -> Result<()> {
    let kind = match news {
        News::Training(_) => "training",
        News::Champion { .. } => "champion",
        News::Scores { .. } => "scores",
    };
    let payload = serde_json::to_string(news)?;
    warehouse.execute(
        "insert into registry.outbox by name
         select 1 + coalesce((select max(item) from registry.outbox), 0) as item, ? as kind, ? as model, ? as version,
             ? as reference_date, ? as run_id, now()::timestamp as created_at, 0 as attempts, ? as payload",
        &[&kind, &model, &version, &reference_date, &run_id, &payload],
    )?;
    Ok(())
}

/// Numbers of what is not sent yet, in order.
pub fn waiting(warehouse: &Warehouse) -> Result<Vec<i64>, SqlError> {
    warehouse
        .rows("select item from registry.outbox where sent_at is null order by item", &[], |row| row.get(0))
}

pub fn read(warehouse: &Warehouse, id: i64) -> Result<Item> {
    let sql = "select model, version, reference_date, run_id, created_at, payload from registry.outbox where item = ?";
    let row = warehouse.row(sql, &[&id], |row| {
        let payload: String = row.get(5)?;
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, payload))
    })?;
    let (model, version, reference_date, run_id, created_at, payload) =
        row.with_context(|| format!("item {id} is not in registry.outbox"))?;
    let news = serde_json::from_str(&payload)
        .with_context(|| format!("the payload of item {id} of registry.outbox is damaged"))?;
    Ok(Item { model, version, reference_date, run_id, created_at, news })
}

/// Marks an item as sent; its payload is no longer needed.
pub fn mark_sent(warehouse: &Warehouse, id: i64, to: &str) -> Result<(), SqlError> {
    let sql = "update registry.outbox set sent_at = now()::timestamp, sent_to = ?, attempts = attempts + 1,
                   last_error = null, payload = null where item = ?";
    warehouse.execute(sql, &[&to, &id]).map(|_| ())
}

/// Notes why an item could not be sent.
pub fn mark_failed(warehouse: &Warehouse, id: i64, why: &str) -> Result<(), SqlError> {
    let sql = "update registry.outbox set attempts = attempts + 1, last_error = ? where item = ?";
    warehouse.execute(sql, &[&why, &id]).map(|_| ())
}
