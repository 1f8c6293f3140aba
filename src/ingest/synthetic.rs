//! Synthetic data are called so wherever they show, also after other data came into their database.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::warehouse::{Warehouse, text};

/// How the comment of a score table begins that has rows made of the sample.
const MARK: &str = "Synthetic: the marketplace is invented. ";

/// What is said of them at the end of a run.
pub const SYNTHETIC: &str = "these are synthetic data: the marketplace is invented";

/// Whether the sources are those of the synthetic marketplace.
pub fn is_synthetic(warehouse: &Warehouse) -> Result<bool> {
    let sql = "select 1 from pipeline.loads where is_current and file = 'sample' limit 1";
    Ok(warehouse.row(sql, &[], |_| Ok(()))?.is_some())
}

/// Says so in the comments of the score tables. Gives the tables.
pub fn mark(warehouse: &Warehouse) -> Result<BTreeSet<String>> {
    // A partition is of the load that was the last one when it was built.
    let sql = "select distinct table_name
        from pipeline.partitions asof join pipeline.loads on partitions.built_at >= loads.loaded_at
        where file = 'sample' and table_name like 'scores.%'";
    let synthetic: BTreeSet<String> = warehouse.rows(sql, &[], |row| row.get(0))?.into_iter().collect();
    let sql = "select schema_name || '.' || table_name, coalesce(comment, '') from duckdb_tables()
        where database_name = 'warehouse' and schema_name = 'scores'";
    let comments: Vec<(String, String)> = warehouse.rows(sql, &[], |row| row.try_into())?;
    for (table, comment) in comments {
        let plain = comment.strip_prefix(MARK).unwrap_or(&comment);
        let mark = if synthetic.contains(table.trim_end_matches("_history")) { MARK } else { "" };
        let wanted = format!("{mark}{plain}");
        if wanted != comment {
            warehouse.batch(&format!("comment on table {table} is {}", text(&wanted)))?;
        }
    }
    Ok(synthetic)
}
