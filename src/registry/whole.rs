//! All that the registry knows of a version, for programs.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::files::files;
use super::{Version, comparison};
use crate::output::strict;
use crate::warehouse::{Warehouse, text};

pub fn of(warehouse: &Warehouse, version: &Version) -> Result<Value> {
    let (model, number) = (text(&version.model), version.number);
    let rows = |columns: &str, table: &str| -> Result<Value> {
        let sql = format!(
            "select coalesce(to_json(list(r)), '[]')::varchar from (
                 select {columns} from registry.{table} where model = {model} and version = {number}) as r"
        );
        let rows = warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.context("a list is one row")?;
        Ok(serde_json::from_str(&strict(&rows))?)
    };
    let first = |rows: Value| rows.get(0).cloned().unwrap_or(Value::Null);
    let own = "* exclude (model, version)";
    let mut whole = first(rows(
        "* exclude (fitted, settings, definition_parts), settings::json as settings,
         definition_parts::json as definition_parts, octet_length(fitted) as bytes",
        "models",
    )?);
    let parts = [
        ("contest", first(rows(own, "contests")?)),
        ("reigns", rows(own, "champions")?),
        ("out_of_time", json!(comparison::of(warehouse, &version.model, number)?.values())),
        ("metrics", rows(own, "metrics")?),
        ("importances", rows(own, "importances")?),
        ("dependence", rows(own, "dependence")?),
        ("curves", rows(own, "curves")?),
        ("over_rule", first(rows(own, "rules")?)),
        ("segments", rows(own, "segments")?),
        ("distributions", rows(own, "inputs")?),
        ("files", json!(files(warehouse, &version.model, number)?)),
    ];
    if let Value::Object(whole) = &mut whole {
        whole.extend(parts.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(whole)
}
