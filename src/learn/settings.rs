//! From a candidate's settings, as an analyst wrote them, to an [`Algorithm`].

use super::algorithm::{Algorithm, BoostingSettings, ForestSettings, KMeansSettings, LogisticSettings};
use crate::problem::nearest;
use crate::sql::Expression;
use serde_json::{Map, Value};
use std::fmt;
use std::ops::RangeInclusive;

/// A wrong setting. The message names it, and says what it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The key that is wrong, for finding its line in the file.
    pub setting: String,
    /// What is wrong, in one lowercase sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(formatter, "; {hint}"))
    }
}

impl std::error::Error for SettingError {}

type Parsed<T> = Result<T, SettingError>;

/// Algorithms that predict a label.
const PREDICTING: [&str; 6] =
    ["logistic_regression", "random_forest", "extra_trees", "gradient_boosting", "sql", "blend"];
/// Algorithms that group rows.
const GROUPING: [&str; 1] = ["k_means"];

impl Algorithm {
    /// Reads `{'algorithm': 'random_forest', 'trees': 200, ...}`; what is left out has its default. `groups`: whether the
    /// task is to group rows.
    ///
    /// # Errors
    /// When the algorithm does not fit the task, or a setting is unknown, missing, of another type or out of range.
    pub fn parse(map: &Map<String, Value>, groups: bool) -> Parsed<Self> {
        let name = Settings { algorithm: "a candidate", map }.text("algorithm")?;
        let known: &[&str] = if groups { &GROUPING } else { &PREDICTING };
        if !known.contains(&name.as_str()) {
            let exists = PREDICTING.iter().chain(&GROUPING).any(|other| *other == name);
            return Err(SettingError {
                setting: "algorithm".into(),
                message: if exists {
                    format!("`{name}` does not fit this task")
                } else {
                    format!("unknown algorithm `{name}`")
                },
                hint: Some(suggestion(&name, known)),
            });
        }
        let settings = |known: &[&str]| Settings::new(&name, map, known);
        Ok(match name.as_str() {
            "logistic_regression" => Self::LogisticRegression(logistic(&settings(&["alpha"])?)?),
            "random_forest" => Self::RandomForest(forest(&settings(&FOREST)?)?),
            "extra_trees" => Self::ExtraTrees(forest(&settings(&FOREST)?)?),
            "gradient_boosting" => Self::GradientBoosting(boosting(&settings(&BOOSTING)?)?),
            "sql" => {
                let text = settings(&["expression"])?.text("expression")?;
                let expression = Expression::of(&text).map_err(|error| SettingError {
                    setting: "expression".into(),
                    message: error.headline(),
                    hint: Some("it is one SQL expression over the inputs".into()),
                })?;
                Self::Sql { expression }
            }
            "blend" => Self::Blend { of: settings(&["of"])?.names("of")? },
            _ => Self::KMeans(k_means(&settings(&["clusters", "restarts"])?)?),
        })
    }
}

const FOREST: [&str; 5] = ["trees", "max_depth", "min_samples_leaf", "features_per_split", "subsample"];
const BOOSTING: [&str; 6] =
    ["trees", "learning_rate", "max_depth", "min_samples_leaf", "subsample", "features_per_tree"];
const TREES: RangeInclusive<usize> = 1..=5000;
const LEAF: RangeInclusive<usize> = 1..=1_000_000;
const FEATURES: RangeInclusive<usize> = 1..=65_000;

fn logistic(settings: &Settings) -> Parsed<LogisticSettings> {
    let default = LogisticSettings::default();
    Ok(LogisticSettings { alpha: settings.number("alpha", 0.0..=1e9)?.unwrap_or(default.alpha) })
}

fn k_means(settings: &Settings) -> Parsed<KMeansSettings> {
    let clusters = settings.count("clusters", 2..=50)?;
    Ok(KMeansSettings {
        clusters: clusters.ok_or_else(|| settings.wrong("clusters", "a whole number from 2 to 50"))?,
        restarts: settings.count("restarts", 1..=1000)?.unwrap_or(20),
    })
}

fn forest(settings: &Settings) -> Parsed<ForestSettings> {
    let default = ForestSettings::default();
    Ok(ForestSettings {
        trees: settings.count("trees", TREES)?.unwrap_or(default.trees),
        max_depth: settings.depth(1..=200)?.or(default.max_depth),
        min_samples_leaf: settings.count("min_samples_leaf", LEAF)?.unwrap_or(default.min_samples_leaf),
        features_per_split: settings.count("features_per_split", FEATURES)?,
        subsample: settings.number("subsample", 0.01..=1.0)?.unwrap_or(default.subsample),
    })
}

fn boosting(settings: &Settings) -> Parsed<BoostingSettings> {
    let default = BoostingSettings::default();
    Ok(BoostingSettings {
        trees: settings.count("trees", TREES)?.unwrap_or(default.trees),
        learning_rate: settings.number("learning_rate", 0.001..=1.0)?.unwrap_or(default.learning_rate),
        max_depth: settings.depth(1..=12)?.unwrap_or(default.max_depth),
        min_samples_leaf: settings.count("min_samples_leaf", LEAF)?.unwrap_or(default.min_samples_leaf),
        subsample: settings.number("subsample", 0.01..=1.0)?.unwrap_or(default.subsample),
        features_per_tree: settings.count("features_per_tree", FEATURES)?,
    })
}

struct Settings<'a> {
    algorithm: &'a str,
    map: &'a Map<String, Value>,
}

impl<'a> Settings<'a> {
    fn new(algorithm: &'a str, map: &'a Map<String, Value>, known: &[&str]) -> Parsed<Self> {
        let unknown = map.keys().find(|key| *key != "algorithm" && !known.contains(&key.as_str()));
        match unknown {
            None => Ok(Self { algorithm, map }),
            Some(key) => Err(SettingError {
                setting: key.clone(),
                message: format!("unknown setting `{key}` of `{algorithm}`"),
                hint: Some(suggestion(key, known)),
            }),
        }
    }

    fn wrong(&self, key: &str, expected: &str) -> SettingError {
        if let Some(value) = self.map.get(key) {
            let message = format!("`{key}` of {} must be {expected}, not {value}", self.algorithm);
            return SettingError { setting: key.to_owned(), message, hint: None };
        }
        // Shown at the key that may be meant for it.
        let near = nearest(key, self.map.keys().map(String::as_str));
        SettingError {
            setting: near.unwrap_or(key).to_owned(),
            message: format!("{} needs `{key}`: {expected}", self.algorithm),
            hint: near.map(|near| format!("there is `{near}`: did you mean `{key}`?")),
        }
    }

    /// A setting that may be left out or set to none.
    fn given(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn number(&self, key: &str, range: RangeInclusive<f64>) -> Parsed<Option<f64>> {
        let Some(value) = self.given(key) else {
            return Ok(None);
        };
        let expected = || format!("a number from {} to {}", range.start(), range.end());
        let number = value.as_f64().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| self.wrong(key, &expected()))
    }

    fn count(&self, key: &str, range: RangeInclusive<usize>) -> Parsed<Option<usize>> {
        let Some(value) = self.given(key) else {
            return Ok(None);
        };
        let expected = || format!("a whole number from {} to {}", range.start(), range.end());
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        number.filter(|number| range.contains(number)).map(Some).ok_or_else(|| self.wrong(key, &expected()))
    }

    fn depth(&self, range: RangeInclusive<usize>) -> Parsed<Option<u16>> {
        Ok(self.count("max_depth", range)?.and_then(|depth| u16::try_from(depth).ok()))
    }

    fn text(&self, key: &str) -> Parsed<String> {
        let text = self.map.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| self.wrong(key, "a text"))
    }

    fn names(&self, key: &str) -> Parsed<Vec<String>> {
        let expected = "a list of at least two different candidates";
        let items = self.map.get(key).and_then(Value::as_array);
        let names: Option<Vec<String>> =
            items.and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        let distinct =
            |names: &Vec<String>| names.iter().enumerate().all(|(i, name)| !names[..i].contains(name));
        names.filter(|names| names.len() > 1 && distinct(names)).ok_or_else(|| self.wrong(key, expected))
    }
}

/// The nearest known name when there is one, all of them otherwise.
fn suggestion(given: &str, known: &[&str]) -> String {
    if let Some(name) = nearest(given, known.iter().copied()) {
        return format!("did you mean `{name}`?");
    }
    let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("there are {}", all.join(", "))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
