//! Raw rows that a source's own rows do not hold, because its SELECT drops or changes them: `olist check` makes the
//! source again of them.

use anyhow::Result;

use super::Loader;
use crate::config::SourceSpec;
use crate::sql::normal;
use crate::warehouse::{Warehouse, ident, joined, text};

fn table(source: &str) -> String {
    format!("pipeline.{}", ident(&format!("raw_{source}")))
}

fn columns(spec: &SourceSpec) -> String {
    joined(spec.in_file().map(|column| ident(&column.name)), ", ")
}

impl Loader<'_> {
    /// Keeps the raw rows of the source that was just loaded, if that is needed.
    pub fn keep_raw(self) -> Result<()> {
        let (warehouse, name, rendered) = (self.warehouse, &self.source.name, &self.source.rendered);
        let (kept, columns) = (table(name), columns(&self.source.spec));
        let raw = rendered.raw.as_deref().unwrap_or_default();
        forget(warehouse, name)?;
        if rendered.normal == normal(&format!("select * from {raw}")) {
            return Ok(());
        }
        warehouse.batch(&format!("create or replace table {kept} as select {columns} from {raw}"))?;
        let held = format!(
            "select not exists (from {kept} except all select {columns} from {})",
            self.source.table()
        );
        // A column that the SELECT makes of another type may not even be comparable, and an error would end the transaction.
        let own = self.columns()?;
        let mut raw = warehouse.columns(&format!("pipeline.raw_{name}"))?.into_iter();
        if raw.all(|column| own.contains(&column)) && warehouse.one(&held, &[], |row| row.get(0))? {
            return forget(warehouse, name);
        }
        let what = format!("Rows of the raw file of {name}, of which its SELECT drops or changes some");
        Ok(warehouse.batch(&format!("comment on table {kept} is {}", text(&what)))?)
    }
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
