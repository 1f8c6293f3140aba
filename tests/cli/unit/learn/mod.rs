//! The learners and their metrics: by hand, against scikit-learn and against smartcore itself.

mod boosting;
mod contribution;
mod fitted;
mod forest;
mod kmeans;
mod logistic;
mod parts;
mod sample;
mod scored;
