//! Learning: from a table of numbers to probabilities, and how good they are.
//!
//! This is the one module that talks to smartcore. It knows nothing of databases, templates or files: the caller
//! brings a [`Matrix`] and labels, and takes away a [`Fitted`] model, its bytes, its predictions and their metrics.
//!
//! Everything is deterministic: the same rows, settings and seed give the same bits for any number of threads.
//! Work is spread over the rayon pool of the caller (`pool.install(|| ...)` sets the number of threads).

mod algorithm;
mod bins;
mod boosting;
mod contribution;
mod curve;
mod dependence;
mod extract;
mod fitted;
mod forest;
mod grouping;
mod importance;
mod interval;
mod kmeans;
mod logistic;
mod matrix;
mod metric;
mod odds;
mod random;
mod recipe;
mod scored;
mod settings;
mod shap;
mod store;
mod tree;

pub use algorithm::{Algorithm, BoostingSettings, ForestSettings, KMeansSettings, LogisticSettings};
pub use bins::Bins;
pub use boosting::Boosting;
pub use contribution::{Contributions, Scale};
pub use curve::CurvePart;
pub use dependence::{Dependence, partial_dependence};
pub use fitted::{Fitted, Learner, fit};
pub use grouping::{adjusted_rand_index, silhouette, stability};
pub use importance::{Importance, ValidationSet, permutation_importance};
pub use interval::{
    Difference, Interval, difference, interval_of_mean, mean, mean_and_sd, mean_of, quantile,
};
pub use kmeans::{Clustering, Segment, cluster};
pub use logistic::{Logistic, Term};
pub use matrix::Matrix;
pub use metric::Metric;
pub use odds::{EDGE, log_odds, probability};
pub use random::Random;
pub use recipe::Recipe;
pub use scored::Scored;
pub use settings::{number, whole};
pub use tree::{GrownNode, Node, Tree, Trees};
