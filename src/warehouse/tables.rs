//! The tool's own tables: schemas `pipeline` and `registry`.

use anyhow::Result;

use super::Warehouse;
use crate::problem::Problem;

/// Version of these tables; a database of a newer one is refused.
const VERSION: usize = 9;

/// What brings the tables of an earlier version up to date, before `CREATE`: from 1 to 2, and so on.
const UPGRADES: [&str; 8] = [
    include_str!("sql/upgrade_to_2.sql"),
    "",
    "",
    include_str!("sql/upgrade_to_5.sql"),
    include_str!("sql/upgrade_to_6.sql"),
    "",
    "",
    include_str!("sql/upgrade_to_9.sql"),
];

pub const CREATE: &str = include_str!("sql/tables.sql");

/// Creates what is missing, in one transaction.
pub fn create(warehouse: &Warehouse) -> Result<()> {
    let file = warehouse.path.display();
    if warehouse.has_table("pipeline.settings")? {
        let version = warehouse.setting("tables_version")?.and_then(|version| version.parse().ok());
        let version: usize = version.unwrap_or(VERSION);
        if version > VERSION {
            let versions = format!("tables version {version}, this one knows {VERSION}");
            let problem = Problem::usage(format!("`{file}` was written by a newer olist ({versions})"));
            return Err(problem.hint("install the newer olist").into());
        }
        if version == VERSION {
            return Ok(());
        }
        return warehouse.transaction(|| upgrade(warehouse, version));
    }
    if warehouse.has_table("pipeline.partitions")? {
        let hint = "--database FILE names the database that it was published from";
        return Err(Problem::usage(format!("`{file}` is a published copy, for reading")).hint(hint).into());
    }
    let foreign = "select schema_name || '.' || table_name from duckdb_tables()
        where database_name = 'warehouse' limit 1";
    if let Some(table) = warehouse.row(foreign, &[], |row| row.get::<_, String>(0))? {
        let what = format!("it has `{table}` and no ledger of olist");
        let problem = Problem::usage(format!("`{file}` is a database of something else: {what}"));
        return Err(problem.hint("--database FILE names another file; olist creates it").into());
    }
    warehouse.transaction(|| upgrade(warehouse, VERSION))
}

impl Warehouse {
    /// Whether its tables are those of this version.
    pub fn is_up_to_date(&self) -> Result<bool> {
        Ok(self.setting("tables_version")?.is_none_or(|version| version == VERSION.to_string()))
    }
}

fn upgrade(warehouse: &Warehouse, version: usize) -> Result<()> {
    for step in UPGRADES.iter().skip(version - 1) {
        warehouse.batch(step)?;
    }
    warehouse.batch(CREATE)?;
    warehouse.set("tables_version", Some(&VERSION.to_string()))
}
