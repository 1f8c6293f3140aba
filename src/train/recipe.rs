//! What is fitted for a candidate: one algorithm, or the members of a blend.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::config::ModelSpec;
use crate::dataset::Pulled;
use crate::learn::{Algorithm, Fitted};
use crate::registry::Version;
use crate::sql::Expression;

/// A candidate with its blend resolved, so that it can be fitted again when the file has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    pub name: String,
    /// One, or several for a blend. An `sql` rule is always alone.
    pub parts: Vec<Algorithm>,
}

impl Recipe {
    /// One for each candidate of the model's file.
    pub fn all(spec: &ModelSpec) -> Vec<Self> {
        let find = |name: &str| spec.candidates.iter().find(|candidate| candidate.name == name);
        spec.candidates
            .iter()
            .map(|candidate| Self {
                name: candidate.name.clone(),
                parts: match &candidate.algorithm {
                    Algorithm::Blend { of } => of
                        .iter()
                        .filter_map(|name| find(name))
                        .map(|member| member.algorithm.clone())
                        .collect(),
                    algorithm => vec![algorithm.clone()],
                },
            })
            .collect()
    }

    /// The position of a champion's recipe among `recipes`; it is added where the file no longer has it.
    pub fn of_version(version: &Version, recipes: &mut Vec<Self>) -> Result<usize> {
        let mut recipe: Self = serde_json::from_str(&version.settings).with_context(|| {
            format!("the settings of version {} in registry.models are damaged", version.number)
        })?;
        if let Some(at) = recipes.iter().position(|other| other.parts == recipe.parts) {
            return Ok(at);
        }
        recipe.name = format!("{} (version {})", recipe.name, version.number);
        recipes.push(recipe);
        Ok(recipes.len() - 1)
    }

    /// The rule's expression, if it is one.
    pub fn rule(&self) -> Option<&Expression> {
        match self.parts.as_slice() {
            [Algorithm::Sql { expression }] => Some(expression),
            _ => None,
        }
    }

    /// Name of its algorithm, for the registry.
    pub fn algorithm(&self) -> &'static str {
        if self.parts.len() > 1 { "blend" } else { self.parts.first().map_or("none", Algorithm::name) }
    }

    pub fn is_computable(&self, pulled: &Pulled) -> bool {
        self.rule().is_none() || pulled.rules.contains_key(&self.name)
    }
}

/// The fitted parts of a recipe as one model.
pub fn join(mut parts: Vec<Fitted>) -> Result<Fitted> {
    if parts.len() == 1 { Ok(parts.remove(0)) } else { Fitted::blend(parts) }
}

/// Name and expression of every rule.
pub fn rules(recipes: &[Recipe]) -> BTreeMap<String, Expression> {
    recipes.iter().filter_map(|recipe| Some((recipe.name.clone(), recipe.rule()?.clone()))).collect()
}
