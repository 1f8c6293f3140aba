//! `registry.inputs`: what the inputs of a version were like in its training.

use serde::Serialize;

use crate::warehouse::{SqlError, Warehouse};

/// How the values of one input were spread.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

/// Those of a version.
pub fn profiles(warehouse: &Warehouse, model: &str, version: i32) -> Result<Vec<InputProfile>, SqlError> {
    let sql = "select input, to_json(edges)::varchar, to_json(shares)::varchar, usual_psi, varies
        from registry.inputs where model = ? and version = ?";
    warehouse.rows(sql, &[&model, &version], |row| {
        let list = |at| -> duckdb::Result<Vec<f64>> {
            Ok(serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default())
        };
        Ok(InputProfile {
            name: row.get(0)?,
            edges: list(1)?,
            shares: list(2)?,
            usual_psi: row.get(3)?,
            varies: row.get(4)?,
        })
    })
}
