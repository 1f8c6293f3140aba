//! What a candidate of a model asks for: an algorithm with its settings.

use serde::{Deserialize, Deserializer, Serialize};

use super::settings::{maybe_whole, number, share, whole};

use crate::sql::Expression;

/// A candidate's algorithm. `Sql` is computed by the database and `Blend` from its members' probabilities;
/// the others are learned by [`fit`](super::fit).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case")]
pub enum Algorithm {
    /// Linear on the log-odds scale, with standardised inputs.
    LogisticRegression(LogisticSettings),
    /// Trees on bootstrap samples, with the best of a random choice of splits (Breiman, Random forests, 2001).
    RandomForest(ForestSettings),
    /// Trees on all rows, with random splits (Geurts, Ernst, Wehenkel, Extremely randomized trees, 2006).
    ExtraTrees(ForestSettings),
    /// A sum of small trees, each a Newton step of the log-likelihood.
    GradientBoosting(BoostingSettings),
    /// Groups around centres (Lloyd, Least squares quantization in PCM, 1982).
    KMeans(KMeansSettings),
    /// An analyst's rule: an SQL expression that gives a probability.
    Sql {
        /// Over the columns of the model's SELECT.
        expression: Expression,
    },
    /// The mean log-odds of other candidates, by name.
    Blend {
        /// At least two names of candidates of the same model that are not blends themselves.
        of: Vec<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KMeansSettings {
    #[serde(deserialize_with = "whole::<2, 50, _, _>")]
    pub clusters: usize,
    /// Starts from other centres; the one with the least sum of squared distances counts.
    #[serde(default = "restarts", deserialize_with = "whole::<1, 1000, _, _>")]
    pub restarts: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticSettings {
    /// Strength of the L2 penalty `alpha / 2 * |coefficients|^2`, added to the summed log loss of all rows.
    #[serde(deserialize_with = "penalty")]
    pub alpha: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForestSettings {
    #[serde(deserialize_with = "whole::<1, 5000, _, _>")]
    pub trees: usize,
    /// Most questions from the root to a leaf; without a limit by default.
    #[serde(deserialize_with = "maybe_whole::<1, 200, _, _>")]
    pub max_depth: Option<u16>,
    /// Fewest training rows in a leaf.
    #[serde(deserialize_with = "whole::<1, 1_000_000, _, _>")]
    pub min_samples_leaf: usize,
    /// Columns tried at a split; by default the square root of their number, for extra trees, whose splits are
    /// random, a third of them.
    #[serde(deserialize_with = "maybe_whole::<1, 65_000, _, _>")]
    pub features_per_split: Option<usize>,
    /// Share of the training rows that a group of trees sees, drawn without replacement.
    #[serde(deserialize_with = "share")]
    pub subsample: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoostingSettings {
    #[serde(deserialize_with = "whole::<1, 5000, _, _>")]
    pub trees: usize,
    /// Share of each Newton step that is taken.
    #[serde(deserialize_with = "rate")]
    pub learning_rate: f64,
    /// Most questions from the root to a leaf.
    #[serde(deserialize_with = "whole::<1, 12, _, _>")]
    pub max_depth: u16,
    /// Fewest training rows in a leaf.
    #[serde(deserialize_with = "whole::<1, 1_000_000, _, _>")]
    pub min_samples_leaf: usize,
    /// Share of the training rows that a tree sees, drawn without replacement.
    #[serde(deserialize_with = "share")]
    pub subsample: f64,
    /// Columns that a tree sees, drawn anew for each; by default a quarter of them, and at least 4.
    #[serde(deserialize_with = "maybe_whole::<1, 65_000, _, _>")]
    pub features_per_tree: Option<usize>,
}

fn restarts() -> usize {
    20
}

fn penalty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number(deserializer, 0.0..=1e9)
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number(deserializer, 0.001..=1.0)
}

impl Default for LogisticSettings {
    fn default() -> Self {
        Self { alpha: 30.0 }
    }
}

impl Default for ForestSettings {
    fn default() -> Self {
        Self { trees: 200, max_depth: None, min_samples_leaf: 20, features_per_split: None, subsample: 0.5 }
    }
}

impl Default for BoostingSettings {
    fn default() -> Self {
        Self {
            trees: 150,
            learning_rate: 0.05,
            max_depth: 3,
            min_samples_leaf: 20,
            subsample: 0.5,
            features_per_tree: None,
        }
    }
}

impl Algorithm {
    /// Its name in `config(candidates = ...)`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LogisticRegression(_) => "logistic_regression",
            Self::RandomForest(_) => "random_forest",
            Self::ExtraTrees(_) => "extra_trees",
            Self::GradientBoosting(_) => "gradient_boosting",
            Self::KMeans(_) => "k_means",
            Self::Sql { .. } => "sql",
            Self::Blend { .. } => "blend",
        }
    }

    /// The setting that asks for a number of input columns, and that number.
    pub fn columns_wanted(&self) -> Option<(&'static str, usize)> {
        match self {
            Self::RandomForest(forest) | Self::ExtraTrees(forest) => {
                Some(("features_per_split", forest.features_per_split?))
            }
            Self::GradientBoosting(boosting) => Some(("features_per_tree", boosting.features_per_tree?)),
            _ => None,
        }
    }

    /// Whether [`fit`](super::fit) trains it to predict.
    pub fn is_learned(&self) -> bool {
        !matches!(self, Self::KMeans(_) | Self::Sql { .. } | Self::Blend { .. })
    }
}
