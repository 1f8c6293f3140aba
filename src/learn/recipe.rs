//! What is fitted for a candidate: one algorithm, or the members of a blend.

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::algorithm::{Algorithm, KMeansSettings};
use super::fitted::{Fitted, fit};
use super::matrix::Matrix;
use crate::sql::Expression;

/// A candidate with its blend resolved, so that it can be fitted again when the file has changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub name: String,
    /// One, or several for a blend. An `sql` rule is always alone.
    pub parts: Vec<Algorithm>,
}

impl Recipe {
    /// The rule's expression, if it is one.
    pub fn rule(&self) -> Option<&Expression> {
        match self.parts.as_slice() {
            [Algorithm::Sql { expression }] => Some(expression),
            _ => None,
        }
    }

    /// The groups that it asks for, if it groups rows.
    pub fn grouping(&self) -> Option<&KMeansSettings> {
        match self.parts.as_slice() {
            [Algorithm::KMeans(settings)] => Some(settings),
            _ => None,
        }
    }

    /// Name of its algorithm, for the registry.
    pub fn algorithm(&self) -> &'static str {
        if self.parts.len() > 1 { "blend" } else { self.parts.first().map_or("none", Algorithm::name) }
    }

    /// Trains all parts on rows `x` with labels `y`; nothing of a rule.
    pub fn fit(&self, x: &Matrix, y: &[bool], seed: u64) -> Result<Option<Fitted>> {
        if self.rule().is_some() {
            return Ok(None);
        }
        let parts = self.parts.par_iter().map(|part| fit(part, x, y, seed));
        Self::join(parts.collect::<Result<Vec<_>>>()?).map(Some)
    }

    /// The fitted parts of a recipe as one model.
    pub fn join(mut parts: Vec<Fitted>) -> Result<Fitted> {
        if parts.len() > 1 { Fitted::blend(parts) } else { parts.pop().context("a recipe has no parts") }
    }
}
