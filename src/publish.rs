//! A copy of what analysts read, replaced as a whole: whoever has the old one open keeps it, whoever opens next has the
//! new one, and nobody waits for anybody.

use std::fs::{self, File};
use std::io::Read;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::catalog::Catalog;
use crate::problem::Problem;
use crate::reports;
use crate::warehouse::path::{behind_links, beside, folder, literal};
use crate::warehouse::{Engine, Warehouse, ident, sync_folder, text};

/// What is copied: a schema, or one table of it. Fitted models and what waits for MLflow stay at home.
const PUBLISHED: &str = "schema_name in ('features', 'abt', 'scores')
    or schema_name = 'registry' and table_name in ('metrics', 'importances', 'champions', 'segments')
    or schema_name = 'pipeline' and table_name = 'partitions'";

/// Whether a copy of `database` may be written to `file`: asked before the work, which may take long.
///
/// # Errors
/// A folder that is not there, the database itself, a file that is no copy and would be lost.
pub fn check(database: &Path, file: &Path) -> Result<()> {
    const ELSEWHERE: &str = "nothing else is replaced: name another file";
    let target = behind_links(file)?;
    literal(&target)?;
    let folder = folder(&target);
    let mut head = [0; 12];
    let mut is_database = || {
        let is_read = File::open(file).and_then(|mut file| file.read_exact(&mut head)).is_ok();
        is_read && head.ends_with(DUCKDB.as_bytes())
    };
    // One that another program has open for writing cannot be looked into: a copy, as a rule.
    let is_whole = || {
        let other = Warehouse::open_read_only(file, &Engine::default()).ok();
        other.map_or(Ok(false), |other| other.has_table(SETTINGS))
    };
    let (what, hint) = if target == behind_links(database)? {
        ("it is the database itself".to_owned(), "a copy needs a file of its own")
    } else if !folder.is_dir() {
        let what = format!("there is no folder `{}`", folder.display());
        (what, "make the folder, or name a file elsewhere")
    } else if !file.exists() {
        return Ok(());
    } else if !is_database() {
        ("it is there, and no DuckDB database".to_owned(), ELSEWHERE)
    } else if is_whole()? {
        ("it is a database of olist, and no copy of one".to_owned(), ELSEWHERE)
    } else {
        return Ok(());
    };
    Err(Problem::usage(format!("could not publish to `{}`: {what}", file.display())).hint(hint).into())
}

/// After eight bytes of checksum, a DuckDB file says what it is.
const DUCKDB: &str = "DUCK";

/// The table of olist's own that no copy has.
const SETTINGS: &str = "pipeline.settings";

/// The folder that a copy is written in, behind links.
pub fn folder_of(file: &Path) -> Result<PathBuf> {
    Ok(folder(&behind_links(file)?).to_owned())
}

/// A published copy has neither sources nor versions, and a foreign database nothing of olist.
pub fn check_whole(warehouse: &Warehouse) -> Result<()> {
    if warehouse.has_table(SETTINGS)? {
        return Ok(());
    }
    let file = warehouse.path.display();
    let problem = match about_copy(warehouse)? {
        Some(tables) => {
            Problem::usage(format!("`{file}` is a published copy, without sources and the models themselves"))
                .hint(format!("{tables}; this needs the database that it was published from"))
        }
        None => {
            Problem::usage(format!("`{file}` is a database of something else, without a ledger of olist"))
                .hint("--database FILE names another")
        }
    };
    Err(problem.into())
}

/// Which tables a published copy has, for hints; `None` where it is no copy.
pub fn about_copy(warehouse: &Warehouse) -> Result<Option<String>> {
    if warehouse.has_table(SETTINGS)? || !warehouse.has_table("pipeline.partitions")? {
        return Ok(None);
    }
    let sql = "select schema_name || '.' || table_name from duckdb_tables()
        where database_name = 'warehouse'
        union all select schema_name || '.' || view_name from duckdb_views()
        where database_name = 'warehouse' and schema_name = 'reports' order by all";
    let tables: Vec<String> = warehouse.rows(sql, &[], |row| row.get(0))?;
    Ok(Some(format!("it has {}", tables.join(", "))))
}

/// Writes the copy to `file`, which has passed `check`. Gives the number of its tables.
///
/// # Errors
/// A folder that cannot be written, a full disk; the earlier copy stays.
pub fn publish(warehouse: &Warehouse, catalog: &Catalog, file: &Path, run_id: &str) -> Result<usize> {
    let target = behind_links(file)?;
    let draft = Draft(beside(&target, &format!("{run_id}.tmp")));
    let tables = copy(warehouse, catalog, &draft.0);
    let closed = warehouse.batch("detach database if exists published");
    let published = tables.and_then(|tables| {
        closed?;
        replace(&draft.0, &target)?;
        Ok(tables)
    });
    published.map_err(|error| {
        let problem = Problem::usage(format!("could not publish to `{}`: {error:#}", file.display()));
        let hint =
            "an earlier copy stays; what was built is in the database, and the next `--publish` brings it";
        problem.hint(hint).into()
    })
}

fn copy(warehouse: &Warehouse, catalog: &Catalog, draft: &Path) -> Result<usize> {
    let steps = catalog.tables.values().filter(|node| node.spec.is_intermediate);
    let steps: Vec<String> = steps.map(|node| text(&node.name)).chain([text("")]).collect();
    let published =
        format!("({PUBLISHED}) and schema_name || '.' || table_name not in ({})", steps.join(", "));
    warehouse.batch(&format!("attach {} as published (storage_version 'v1.4.0')", literal(draft)?))?;
    let sql = format!(
        "select schema_name, table_name, comment from duckdb_tables()
         where database_name = 'warehouse' and {published} order by all"
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
             where database_name = 'warehouse' and comment is not null and {published}"
        );
        let comments = warehouse.rows(&sql, &[], |row| {
            let name = [row.get::<_, String>(0)?, row.get(1)?, row.get(2)?].map(|part| ident(&part)).join(".");
            Ok(format!("comment on column published.{name} is {}", text(&row.get::<_, String>(3)?)))
        })?;
        Ok(warehouse.batch(&comments.join(";"))?)
    })?;
    let views = reports::publish(warehouse, "published")?;
    warehouse.batch("checkpoint published")?;
    Ok(tables.len() + views)
}

/// Writes a file that is there as a whole or, where that fails, as it was.
pub fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let target = behind_links(file)?;
    let draft = Draft(beside(&target, &format!("{}.tmp", std::process::id())));
    fs::write(&draft.0, bytes)?;
    replace(&draft.0, &target)
}

/// On disk before it has its name; with the mode and the owner that an earlier copy has.
fn replace(draft: &Path, file: &Path) -> Result<()> {
    if let Ok(about) = fs::metadata(file) {
        fs::set_permissions(draft, about.permissions())?;
        // Only root gives files away; another user's own copy keeps its group alone, or nothing.
        #[cfg(unix)]
        let _ = std::os::unix::fs::chown(draft, Some(about.uid()), Some(about.gid()));
    }
    File::open(draft)?.sync_all()?;
    fs::rename(draft, file)?;
    sync_folder(file)
}

/// A file that is not to stay.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        for name in [self.0.clone(), beside(&self.0, "wal")] {
            let _ = fs::remove_file(name);
        }
    }
}
