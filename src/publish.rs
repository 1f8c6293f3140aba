//! A copy of what analysts read, replaced as a whole: whoever has the old one open keeps it, whoever opens next has the
//! new one, and nobody waits for anybody.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::problem::Problem;
use crate::warehouse::{Warehouse, ident, sync_folder, text};

/// What is copied: a schema, or one table of it. Fitted models and what waits for MLflow stay at home.
const PUBLISHED: &str = "schema_name in ('features', 'abt', 'scores')
    or schema_name = 'registry' and table_name in ('metrics', 'importances', 'champions', 'segments')
    or schema_name = 'pipeline' and table_name = 'partitions'";

/// Writes the copy to `file`. Gives the number of its tables.
///
/// # Errors
/// A folder that is not there or cannot be written, a full disk; the earlier copy stays.
pub fn publish(warehouse: &Warehouse, file: &Path, run_id: &str) -> Result<usize> {
    let is_itself = |path: &Path| path.canonicalize().ok();
    if is_itself(file).is_some_and(|path| Some(path) == is_itself(&warehouse.path)) {
        return Err(Problem::usage(format!("--publish {} is the database itself", file.display()))
            .hint("a copy needs a file of its own")
            .into());
    }
    let draft = Draft(PathBuf::from(format!("{}.{run_id}.tmp", file.display())));
    let tables = copy(warehouse, &draft.0);
    let closed = warehouse.batch("detach database if exists published");
    let tables = tables.with_context(|| format!("could not publish to `{}`", file.display()))?;
    closed?;
    replace(&draft.0, file).with_context(|| format!("could not replace `{}`", file.display()))?;
    Ok(tables)
}

fn copy(warehouse: &Warehouse, draft: &Path) -> Result<usize> {
    let name = text(&draft.display().to_string());
    warehouse.batch(&format!("attach {name} as published (storage_version 'v1.4.0')"))?;
    let sql = format!(
        "select schema_name, table_name, comment from duckdb_tables()
         where database_name = 'warehouse' and ({PUBLISHED}) order by all"
    );
    let read = |row: &duckdb::Row<'_>| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    };
    let tables = warehouse.rows(&sql, &[], read)?;
    warehouse.transaction(|| {
        for (schema, table, comment) in &tables {
            let name = format!("{}.{}", ident(schema), ident(table));
            warehouse.batch(&format!(
                "create schema if not exists published.{}; create table published.{name} as from warehouse.{name};
                 comment on table published.{name} is {}",
                ident(schema),
                comment.as_deref().map_or("null".to_owned(), text)
            ))?;
        }
        let sql = format!(
            "select schema_name, table_name, column_name, comment from duckdb_columns()
             where database_name = 'warehouse' and comment is not null and ({PUBLISHED})"
        );
        let comments = warehouse.rows(&sql, &[], |row| {
            let name = [row.get::<_, String>(0)?, row.get(1)?, row.get(2)?].map(|part| ident(&part)).join(".");
            Ok(format!("comment on column published.{name} is {}", text(&row.get::<_, String>(3)?)))
        })?;
        Ok(warehouse.batch(&comments.join(";"))?)
    })?;
    warehouse.batch("checkpoint published")?;
    Ok(tables.len())
}

/// On disk before it has its name.
fn replace(draft: &Path, file: &Path) -> Result<()> {
    File::open(draft)?.sync_all()?;
    fs::rename(draft, file)?;
    sync_folder(file)
}

/// A file that is not to stay.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        for name in [self.0.clone(), PathBuf::from(format!("{}.wal", self.0.display()))] {
            let _ = fs::remove_file(name);
        }
    }
}
