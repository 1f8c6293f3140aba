//! Raw rows that a source's own rows do not hold, because its SELECT drops or changes them: `olist check` makes the
//! source again of them.

use anyhow::Result;

use super::Source;
use crate::config::SourceSpec;
use crate::sql::normal;
use crate::warehouse::{Warehouse, ident};

fn table(source: &str) -> String {
    format!("pipeline.{}", ident(&format!("raw_{source}")))
}

fn columns(spec: &SourceSpec) -> String {
    spec.in_file().map(|column| ident(&column.name)).collect::<Vec<_>>().join(", ")
}

/// Keeps the raw rows of a source that was just loaded, if that is needed.
pub fn keep(warehouse: &Warehouse, source: &Source) -> Result<()> {
    let (kept, columns) = (table(&source.name), columns(&source.spec));
    let raw = source.rendered.raw.as_deref().unwrap_or_default();
    forget(warehouse, &source.name)?;
    let plain = normal(&format!("select * from {raw}"));
    if normal(&source.rendered.sql) == plain {
        return Ok(());
    }
    warehouse.batch(&format!("create or replace table {kept} as select {columns} from {raw}"))?;
    let held = format!(
        "select not exists (from {kept} except all select {columns} from sources.{})",
        ident(&source.name)
    );
    // A column that the SELECT makes of another type may not even be comparable, and an error would end the transaction.
    let own = warehouse.columns(&format!("sources.{}", source.name))?;
    let raw = warehouse.columns(&format!("pipeline.raw_{}", source.name))?;
    let is_comparable = raw.iter().all(|column| own.contains(column));
    if is_comparable && warehouse.row(&held, &[], |row| row.get(0))? == Some(true) {
        return forget(warehouse, &source.name);
    }
    let text = format!("Rows of the raw file of {}, of which its SELECT drops or changes some", source.name);
    Ok(warehouse.batch(&format!("comment on table {kept} is {}", crate::warehouse::text(&text)))?)
}

pub fn forget(warehouse: &Warehouse, source: &str) -> Result<()> {
    Ok(warehouse.batch(&format!("drop table if exists {}", table(source)))?)
}

/// The raw rows of a source that is loaded.
pub fn raw_rows(warehouse: &Warehouse, source: &str, spec: &SourceSpec) -> Result<String> {
    let kept = table(source);
    if warehouse.has_table(&format!("pipeline.raw_{source}"))? {
        return Ok(format!("warehouse.{kept}"));
    }
    Ok(format!("(select {} from warehouse.sources.{})", columns(spec), ident(source)))
}
