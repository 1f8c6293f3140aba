//! A trained model: what it needs to score again, and how it does.

use super::algorithm::Algorithm;
use super::boosting::Boosting;
use super::forest::{self, Splits};
use super::logistic::Logistic;
use super::matrix::Matrix;
use super::odds::{log_odds, probability};
use super::store::at_most;
use super::tree::Trees;
use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

/// What a tree can ask for, and far more candidates than a model's file has.
pub const MOST_COLUMNS: usize = u16::MAX as usize;
const MOST_MEMBERS: usize = 1000;
/// Rows that are scored together: their inputs and a tree fit into the first caches.
const BLOCK: usize = 128;

/// A trained model with the columns it was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    #[serde(deserialize_with = "at_most::<MOST_COLUMNS, _, _>")]
    columns: Vec<String>,
    learner: Learner,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Learner {
    Logistic(Logistic),
    /// The mean of the trees is the probability.
    Forest(Trees),
    Boosting(Boosting),
    /// The mean log-odds of the members are those of the probability.
    #[serde(deserialize_with = "members")]
    Blend(Vec<Fitted>),
}

/// A stored member of a blend: no blend itself, so that nothing is nested without end.
#[derive(Deserialize)]
struct Member {
    #[serde(deserialize_with = "at_most::<MOST_COLUMNS, _, _>")]
    columns: Vec<String>,
    learner: Single,
}

/// The learners before `Blend` in [`Learner`], in its order.
#[derive(Deserialize)]
enum Single {
    Logistic(Logistic),
    Forest(Trees),
    Boosting(Boosting),
}

fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Fitted>, D::Error> {
    let fitted = |Member { columns, learner }| {
        let learner = match learner {
            Single::Logistic(logistic) => Learner::Logistic(logistic),
            Single::Forest(trees) => Learner::Forest(trees),
            Single::Boosting(boosting) => Learner::Boosting(boosting),
        };
        Fitted { columns, learner }
    };
    Ok(at_most::<MOST_MEMBERS, Member, _>(deserializer)?.into_iter().map(fitted).collect())
}

/// Trains a learned algorithm on rows `x` with labels `y`, on the rayon pool of the caller.
pub fn fit(algorithm: &Algorithm, x: &Matrix, y: &[bool], seed: u64) -> Result<Fitted> {
    ensure!(x.rows() == y.len(), "{} rows of inputs, but {} labels", x.rows(), y.len());
    ensure!(!x.columns().is_empty(), "a model needs at least one input");
    ensure!(!y.is_empty(), "there are no rows to train on");
    ensure!(y.contains(&true) && y.contains(&false), "all {} rows to train on have the same label", y.len());
    let learner = match algorithm {
        Algorithm::LogisticRegression(settings) => Learner::Logistic(Logistic::fit(settings, x, y)?),
        Algorithm::RandomForest(settings) => {
            Learner::Forest(forest::fit(Splits::Best, settings, x, y, seed)?)
        }
        Algorithm::ExtraTrees(settings) => {
            Learner::Forest(forest::fit(Splits::Random, settings, x, y, seed)?)
        }
        Algorithm::GradientBoosting(settings) => Learner::Boosting(Boosting::fit(settings, x, y, seed)?),
        _ => bail!("`{}` is not trained", algorithm.name()),
    };
    Ok(Fitted { columns: x.columns().to_vec(), learner })
}

impl Fitted {
    /// A model that scores by the mean log-odds of others, none of them a blend: a logarithmic opinion pool with equal
    /// weights (Genest and Zidek, Combining probability distributions, Statistical Science 1986).
    pub fn blend(members: Vec<Self>) -> Result<Self> {
        let first = members.first().context("a blend needs at least one member")?;
        let fits =
            |member: &Self| member.columns == first.columns && !matches!(member.learner, Learner::Blend(_));
        ensure!(members.iter().all(fits), "members of a blend have other columns, or are blends");
        Ok(Self { columns: first.columns.clone(), learner: Learner::Blend(members) })
    }

    /// Names of the inputs, in the order they have to come in.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What was learned, to be written in another form.
    pub fn learner(&self) -> &Learner {
        &self.learner
    }

    /// Probabilities of the rows of `x`, strictly between 0 and 1 unless all trees of a forest agree.
    pub fn predict(&self, x: &Matrix) -> Result<Vec<f64>> {
        self.check(x)?;
        let mut scores = vec![0.0; x.rows()];
        scores.par_chunks_mut(BLOCK).enumerate().for_each(|(block, scores)| {
            let start = block * BLOCK;
            let rows: Vec<usize> = (start..start + scores.len()).collect();
            self.score(&x.row_major(&rows), scores);
        });
        Ok(scores)
    }

    /// Whether a column can change a prediction at all.
    pub fn uses(&self, column: usize) -> bool {
        match &self.learner {
            Learner::Logistic(logistic) => logistic.terms[column].coefficient != 0.0,
            Learner::Forest(trees) => trees.asked().any(|asked| asked == column),
            Learner::Boosting(boosting) => boosting.trees.asked().any(|asked| asked == column),
            Learner::Blend(members) => members.iter().any(|member| member.uses(column)),
        }
    }

    /// Whether all parts agree on the columns: damaged bytes must not lead to a panic later.
    pub fn is_sound(&self) -> bool {
        let width = self.columns.len();
        width > 0
            && match &self.learner {
                Learner::Logistic(logistic) => logistic.is_sound(width),
                Learner::Forest(trees) => !trees.0.is_empty() && trees.asked().all(|column| column < width),
                Learner::Boosting(boosting) => {
                    boosting.base.is_finite() && boosting.trees.asked().all(|column| column < width)
                }
                Learner::Blend(members) => {
                    !members.is_empty()
                        && members.iter().all(|member| member.columns == self.columns && member.is_sound())
                }
            }
    }

    /// Whether `x` has its inputs.
    pub(super) fn check(&self, x: &Matrix) -> Result<()> {
        if let Some((expected, given)) =
            self.columns.iter().zip(x.columns()).find(|(own, given)| own != given)
        {
            bail!("the model was trained with the input `{expected}` where `{given}` is given now");
        }
        let (expected, given) = (self.columns.len(), x.columns().len());
        ensure!(expected == given, "the model was trained on {expected} inputs, {given} are given");
        Ok(())
    }

    /// Scores whole rows, which stand one after another in `rows`; `scores` start as 0.
    fn score(&self, rows: &[f64], scores: &mut [f64]) {
        let width = self.columns.len();
        match &self.learner {
            Learner::Logistic(logistic) => {
                for (row, score) in rows.chunks_exact(width).zip(scores.iter_mut()) {
                    *score = logistic.score(row);
                }
            }
            Learner::Forest(trees) => {
                trees.add(rows, width, scores);
                let count = trees.0.len() as f64;
                for score in scores.iter_mut() {
                    *score /= count;
                }
            }
            Learner::Boosting(boosting) => {
                scores.fill(boosting.base);
                boosting.trees.add(rows, width, scores);
                for score in scores.iter_mut() {
                    *score = probability(*score);
                }
            }
            Learner::Blend(members) => {
                let mut member_scores = vec![0.0; scores.len()];
                for member in members {
                    member_scores.fill(0.0);
                    member.score(rows, &mut member_scores);
                    scores.iter_mut().zip(&member_scores).for_each(|(score, &p)| *score += log_odds(p));
                }
                let count = members.len() as f64;
                for score in scores.iter_mut() {
                    *score = probability(*score / count);
                }
            }
        }
    }
}
