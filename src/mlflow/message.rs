//! What MLflow is to hear, as it waits in `registry.outbox`.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::api::{Texts, text, texts};
use crate::catalog::Catalog;
use crate::config::{Binary, ModelSpec, Task};
use crate::dataset::Workspace;
use crate::fingerprint;
use crate::learn::Recipe;
use crate::registry::Version;
use crate::registry::contests::Outcome;
use crate::registry::outbox::{self, Item};
use crate::sql::Expression;
use crate::train;
use crate::warehouse::Warehouse;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// A version was trained, and became champion unless it is only kept.
    Training(Box<Training>),
    /// A version was made champion by hand.
    Champion { reason: String },
    /// A date was scored: what its scores are like.
    Scores {
        metrics: BTreeMap<String, f64>,
        #[serde(default)]
        seconds: f64,
    },
}

/// What the registry does not keep of a training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The model's config, by name.
    pub params: Texts,
    /// Settings of every candidate, by its name.
    pub candidates: BTreeMap<String, Texts>,
    /// Rendered SQL of the model and all it needs, by file.
    pub files: Texts,
    /// Commit of the project's folder, where it is in git.
    pub git_commit: Option<String>,
    /// The ABT, and its columns with their types.
    pub dataset: String,
    pub columns: Vec<(String, String)>,
    pub seconds: f64,
    /// Whether the version does not serve.
    #[serde(default)]
    pub is_kept: bool,
    /// Name and type of the columns of the model's SELECT.
    pub select: Vec<(String, String)>,
    /// Rows of inputs, in the order of the version's inputs.
    pub example: Vec<Vec<f64>>,
}

impl Message {
    pub fn of_training(at: Workspace<'_>, training: &train::Training) -> Result<Self> {
        let (catalog, model) = (at.catalog, at.model);
        let mut files = BTreeMap::new();
        for table in catalog.upstream(&model.table()).into_iter().chain([model.table()]) {
            let rendered = catalog.render(&table, training.version.as_of)?;
            files.insert(rendered.file.clone(), rendered.sql.to_string());
        }
        let columns = model.refs.first().map(|table| at.warehouse.columns(table)).transpose()?;
        let recipes = training.recipes.iter();
        Ok(Self::Training(Box::new(Training {
            params: params(&model.spec),
            candidates: recipes.map(|recipe| (recipe.name.clone(), settings(recipe))).collect(),
            files,
            git_commit: git_commit(catalog),
            dataset: model.refs.iter().cloned().collect::<Vec<_>>().join(", "),
            columns: columns.unwrap_or_default(),
            select: training.columns.clone(),
            seconds: training.seconds,
            is_kept: training.version.verdict.outcome == Outcome::Kept,
            example: training.example.clone(),
        })))
    }

    pub fn of(item: &Item) -> Result<Self> {
        serde_json::from_str(&item.payload)
            .with_context(|| format!("the payload of item {} of registry.outbox is damaged", item.id))
    }

    /// Puts it into the outbox, in the transaction of what it tells of.
    pub fn post(
        &self,
        warehouse: &Warehouse,
        version: &Version,
        reference_date: Option<NaiveDate>,
        run_id: &str,
    ) -> Result<()> {
        let payload = serde_json::to_string(self)?;
        Ok(outbox::add(warehouse, self.kind(), version, reference_date, run_id, &payload)?)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Training(_) => "training",
            Self::Champion { .. } => "champion",
            Self::Scores { .. } => "scores",
        }
    }
}

/// Names a message everywhere and always: found again on the server, it is not sent twice.
pub fn key(kind: &str, run_id: &str, model: &str, version: i32, date: &str) -> String {
    fingerprint::of(&[kind, run_id, model, &version.to_string(), date])
}

/// A model's config as MLflow's params.
fn params(spec: &ModelSpec) -> Texts {
    let mut params = texts([
        ("key", &spec.key.join(", ")),
        ("snapshots.from", &spec.from.to_string()),
        ("snapshots.every", &spec.every.name()),
        ("retrain_days", &spec.retrain_days.to_string()),
        ("seed", &spec.seed.to_string()),
    ]);
    match &spec.task {
        Task::Binary(Binary { label, metric, validate, slices }) => {
            params.extend(texts([
                ("task", "binary"),
                ("label", label),
                ("metric", metric.name()),
                ("validate.last", &validate.last.to_string()),
                ("validate.every", &validate.every.name()),
                ("validate.min_rows", &validate.min_rows.to_string()),
            ]));
            let slice =
                |(name, condition): &(String, Expression)| (format!("slice.{name}"), format!("{condition}"));
            params.extend(slices.iter().map(slice));
        }
        Task::Clusters(clusters) => params.extend(texts([
            ("task", "clusters"),
            ("stability", &clusters.stability.to_string()),
            ("smallest_share", &clusters.smallest_share.to_string()),
        ])),
    }
    params
}

/// The algorithms of a candidate with all their settings: `alpha`, or `logistic_regression.alpha` in a blend.
fn settings(recipe: &Recipe) -> Texts {
    let mut settings = BTreeMap::from([("algorithm".to_owned(), recipe.algorithm().to_owned())]);
    for part in &recipe.parts {
        let Ok(serde_json::Value::Object(values)) = serde_json::to_value(part) else { continue };
        let given = values.into_iter().filter(|(name, value)| name != "algorithm" && !value.is_null());
        for (name, value) in given {
            let name = if recipe.parts.len() > 1 { format!("{}.{name}", part.name()) } else { name };
            settings.insert(name, text(&value));
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
