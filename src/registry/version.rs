//! Versions as the registry has them.

use anyhow::{Context, Result};
use chrono::NaiveDate;
use duckdb::ToSql;

use super::champions::SUPERSEDED;
use crate::catalog::Parts;
use crate::learn::Recipe;
use crate::problem::Problem;
use crate::warehouse::Warehouse;

/// A version without its fitted model.
#[derive(Debug, Clone)]
pub struct Version {
    pub model: String,
    pub number: i32,
    pub candidate: String,
    /// The recipe, as JSON.
    settings: String,
    pub as_of: NaiveDate,
    pub trained_through: NaiveDate,
    pub definition: String,
    pub definition_parts: Parts,
}

impl Version {
    pub fn recipe(&self) -> Result<Recipe> {
        let number = self.number;
        serde_json::from_str(&self.settings)
            .with_context(|| format!("the settings of version {number} in registry.models are damaged"))
    }

    /// The stored model, as bytes; `None` for a rule.
    pub fn fitted(&self, warehouse: &Warehouse) -> Result<Option<Vec<u8>>> {
        let bytes = warehouse.row(
            "select fitted from registry.models where model = ? and version = ?",
            &[&self.model, &self.number],
            |row| row.get::<_, Option<Vec<u8>>>(0),
        )?;
        Ok(bytes.flatten())
    }

    /// Names of the inputs that it was trained on, in order.
    pub fn inputs(&self, warehouse: &Warehouse) -> Result<Vec<String>> {
        Ok(warehouse.rows(
            "select unnest(inputs) from registry.models where model = ? and version = ?",
            &[&self.model, &self.number],
            |row| row.get(0),
        )?)
    }

    /// Whether it was trained on what came after `date`.
    pub fn is_back_cast(&self, date: NaiveDate) -> bool {
        self.trained_through > date
    }

    /// The problem that the model's `file` no longer fits it.
    pub fn misfit(&self, file: &str, what: &str) -> Problem {
        let (number, name) = (self.number, &self.model);
        Problem::data(format!("version {number} of `{name}` cannot score: {what}")).hint(format!(
            "`olist train {name}` makes a version that fits {file}; `olist models {name}` shows the others"
        ))
    }
}

/// The versions of `models`: the table with what is joined to it, chosen from and ordered by.
fn read(warehouse: &Warehouse, models: &str, values: &[&dyn ToSql]) -> Result<Vec<Version>> {
    let sql = format!(
        "select m.model, m.version, candidate, settings, as_of, m.trained_through, definition, definition_parts
         from registry.models as m {models}"
    );
    let versions = warehouse.rows(&sql, values, |row| {
        let parts: Option<String> = row.get(7)?;
        Ok(Version {
            model: row.get(0)?,
            number: row.get(1)?,
            candidate: row.get(2)?,
            settings: row.get(3)?,
            as_of: row.get(4)?,
            trained_through: row.get(5)?,
            definition: row.get(6)?,
            definition_parts: parts.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        })
    });
    Ok(versions?)
}

/// The champion that scores `date`: the newest one trained through it or earlier; if there is none, the present one.
pub fn in_force(warehouse: &Warehouse, model: &str, date: NaiveDate) -> Result<Option<Version>> {
    let models = format!(
        "inner join registry.champions as c using (model, version)
         where m.model = ? and (ended_because is null or ended_because = '{SUPERSEDED}')
         order by m.trained_through <= ? desc,
             case when m.trained_through <= ? then m.trained_through end desc, until is null desc, m.version desc
         limit 1"
    );
    Ok(read(warehouse, &models, &[&model, &date, &date])?.pop())
}

/// The last version that the files of `definition` gave, as of `date` or earlier, whether or not it became champion.
pub fn tried(
    warehouse: &Warehouse,
    model: &str,
    definition: &str,
    date: NaiveDate,
) -> Result<Option<Version>> {
    let models =
        "where model = ? and definition = ? and as_of <= ? order by as_of desc, version desc limit 1";
    Ok(read(warehouse, models, &[&model, &definition, &date])?.pop())
}

/// All versions of a model, oldest first.
pub fn versions(warehouse: &Warehouse, model: &str) -> Result<Vec<Version>> {
    read(warehouse, "where model = ? order by version", &[&model])
}

/// The version that is champion now.
pub fn champion(warehouse: &Warehouse, model: &str) -> Result<Option<Version>> {
    let models = "inner join registry.champions using (model, version) where m.model = ? and until is null";
    Ok(read(warehouse, models, &[&model])?.pop())
}

pub fn no_champion(model: &str) -> Problem {
    Problem::data(format!("`{model}` has no champion yet")).hint(format!("`olist train {model}` makes one"))
}

pub fn version(warehouse: &Warehouse, model: &str, number: i32) -> Result<Version> {
    let all = versions(warehouse, model)?;
    if let Some(version) = all.iter().find(|version| version.number == number) {
        return Ok(version.clone());
    }
    let known: Vec<String> = all.iter().map(|version| version.number.to_string()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Problem::usage(format!("`{model}` has no version {number}"))
        .hint(format!("its versions: {known}; `olist models {model}` shows them"))
        .into())
}
