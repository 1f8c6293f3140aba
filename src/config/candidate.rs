//! `candidates` of a model: algorithms with their settings.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::read::{self, Config};
use crate::learn::Algorithm;
use crate::problem::{Problem, nearest, suggest};
use crate::sql::Expression;

/// Algorithms that predict a label.
const PREDICTING: [&str; 6] =
    ["logistic_regression", "random_forest", "extra_trees", "gradient_boosting", "sql", "blend"];
/// Algorithms that group rows.
const GROUPING: [&str; 1] = ["k_means"];

/// One algorithm with its settings.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub name: String,
    pub algorithm: Algorithm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    expression: Expression,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(deserialize_with = "read::texts")]
    of: Vec<String>,
}

/// `groups`: whether the task is to group rows.
pub fn read(
    config: &Config<'_>,
    given: Vec<(String, Map<String, Value>)>,
    groups: bool,
) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for (name, settings) in given {
        let path = format!("candidates.{name}");
        candidates.push(Candidate { algorithm: algorithm(config, &path, settings, groups)?, name });
    }
    for candidate in &candidates {
        if let Algorithm::Blend { of } = &candidate.algorithm {
            check_members(config, &format!("candidates.{}.of", candidate.name), of, &candidates)?;
        }
    }
    Ok(candidates)
}

fn algorithm(
    config: &Config<'_>,
    path: &str,
    mut settings: Map<String, Value>,
    groups: bool,
) -> Result<Algorithm> {
    let given = settings.shift_remove("algorithm");
    let name = given.as_ref().and_then(Value::as_str).unwrap_or_default();
    let known: &[&str] = if groups { &GROUPING } else { &PREDICTING };
    Ok(match name {
        "" => {
            let near = nearest("algorithm", settings.keys().map(String::as_str));
            let missing = config.missing(path, "algorithm");
            let slip = near.map(|key| {
                let hint = "did you mean `algorithm`?";
                config.wrong(&format!("{path}.{key}"), "this key is not known").hint(hint)
            });
            return Err(slip.unwrap_or(missing).into());
        }
        name if !known.contains(&name) => {
            let exists = PREDICTING.iter().chain(&GROUPING).any(|other| *other == name);
            let what = if exists { "does not fit this task" } else { "is not an algorithm" };
            let wrong = config.wrong(&format!("{path}.algorithm"), format!("`{name}` {what}"));
            return Err(wrong.maybe_hint(suggest(name, known.iter().copied())).into());
        }
        "logistic_regression" => Algorithm::LogisticRegression(config.read_at(path, settings)?),
        "random_forest" => Algorithm::RandomForest(config.read_at(path, settings)?),
        "extra_trees" => Algorithm::ExtraTrees(config.read_at(path, settings)?),
        "gradient_boosting" => Algorithm::GradientBoosting(config.read_at(path, settings)?),
        "sql" => Algorithm::Sql { expression: config.read_at::<Rule>(path, settings)?.expression },
        "blend" => Algorithm::Blend { of: config.read_at::<Members>(path, settings)?.of },
        _ => Algorithm::KMeans(config.read_at(path, settings)?),
    })
}

/// A blend is made of two or more learned candidates of its model.
fn check_members(
    config: &Config<'_>,
    path: &str,
    of: &[String],
    candidates: &[Candidate],
) -> Result<(), Problem> {
    let learned = || candidates.iter().filter(|c| c.algorithm.is_learned()).map(|c| c.name.as_str());
    for (at, member) in of.iter().enumerate() {
        let place = format!("{path}.{at}");
        if of[..at].contains(member) {
            return Err(config.wrong(&place, format!("`{member}` is given twice")));
        }
        if !learned().any(|name| name == member) {
            let message = format!("`{member}` is not a learned candidate of this model");
            return Err(config
                .wrong(&place, message)
                .maybe_hint(suggest(member, learned().collect::<Vec<_>>())));
        }
    }
    if of.len() < 2 {
        return Err(config.wrong(path, "a blend needs at least two candidates"));
    }
    Ok(())
}
