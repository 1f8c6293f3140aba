//! `registry.inputs`: what the inputs of a version were like in its training.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::warehouse::Warehouse;

/// How the values of one input were spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputProfile {
    #[serde(rename = "input")]
    pub name: String,
    /// Upper edges of all bins but the last.
    pub edges: Vec<f64>,
    /// Of the training rows, one a bin.
    pub shares: Vec<f64>,
    /// The largest PSI of a snapshot.
    pub usual_psi: f64,
    /// Whether rows of one snapshot differ in it.
    pub varies: bool,
}

pub fn profiles(warehouse: &Warehouse, model: &str, version: i32) -> Result<Vec<InputProfile>> {
    let sql = "select to_json(i)::varchar from registry.inputs as i where model = ? and version = ?";
    let rows: Vec<String> = warehouse.rows(sql, &[&model, &version], |row| row.get(0))?;
    rows.iter().map(|row| Ok(serde_json::from_str(row)?)).collect()
}
