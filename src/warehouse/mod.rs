//! The only module that talks to DuckDB.
//!
//! The database file is attached under the name `warehouse` to an empty in-memory database, so that no file name can
//! collide with a schema, and created with the storage format of DuckDB 1.4, so that older clients can read it.

mod arrow;
mod error;
mod gate;
pub mod journal;
pub mod path;
mod quote;
mod scratch;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use duckdb::{Connection, Row, params};

pub use self::arrow::{Batches, texts};
pub use gate::{stop_all, watched};
pub use journal::sync_folder;
pub use quote::{ident, idents, joined, text};
pub use scratch::{make_scratch, scratch_of};

use crate::interrupt;
use crate::problem::Problem;
use crate::sql::Select;
pub use crate::sql::{DAMAGED, SqlError};
use crate::term;
use gate::Gate;
use journal::Journal;

/// Between two looks whether the file is free.
const PAUSE: Duration = Duration::from_millis(100);

/// How the engine is to behave.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    pub threads: Option<usize>,
    pub memory_limit: Option<String>,
    /// For how long to wait for another process that has the file open.
    pub wait: Duration,
    /// Folders of files to read or write beside the database; there are no others.
    pub folders: Vec<PathBuf>,
}

/// A connection to the warehouse.
pub struct Warehouse {
    conn: Connection,
    gate: Arc<Gate>,
    /// As the user names it.
    pub path: PathBuf,
    /// Of a database that is open for writing. After `conn`: it outlives DuckDB's own handle.
    journal: Option<Arc<Journal>>,
    is_first: bool,
    /// The attached database that names without one mean.
    database: String,
}

/// Statements that are kept prepared for `again`, in memory alone.
const PREPARED: usize = 2_000;

/// The database of the file.
const WAREHOUSE: &str = "warehouse";

impl Warehouse {
    /// Opens the database file for writing, and creates it where there is none.
    ///
    /// # Errors
    /// When the file is no database, is in use by another process, or cannot be written.
    pub fn open(path: &Path, engine: &Engine) -> Result<Self> {
        let file = path::behind_links(path)?;
        journal::recover(&file)?;
        path::literal(path)?;
        if !file.exists() {
            let engine = Engine { wait: Duration::ZERO, ..engine.clone() };
            journal::create(path, &file, |draft| {
                Self::attach(path, draft, &engine, "storage_version 'v1.4.0'").map(drop)
            })?;
        }
        let mut warehouse = Self::attach(path, &file, engine, "read_write")?;
        warehouse.journal = Some(Arc::new(Journal::new(&file, warehouse.threads()?)?));
        tables::create(&warehouse)?;
        Ok(warehouse)
    }

    /// Opens the database file for reading only.
    pub fn open_read_only(path: &Path, engine: &Engine) -> Result<Self> {
        Self::check_there(path)?;
        let file = path::behind_links(path)?;
        journal::recover(&file)?;
        Self::attach(path, &file, engine, "read_only")
    }

    pub fn check_there(path: &Path) -> Result<()> {
        if path.exists() {
            return Ok(());
        }
        Err(Problem::usage(format!("there is no database `{}`", path.display()))
            .hint("`olist ingest DIR` makes one of Kaggle's files; where none is named, `olist run --date 2018-06-01` makes a synthetic one")
            .into())
    }

    /// Takes the file away, while it is still locked: another process that waits for it makes a new one.
    pub fn remove(self) -> Result<()> {
        journal::remove_database(&path::behind_links(&self.path)?)
    }

    /// An empty one, in memory alone.
    pub fn in_memory(engine: &Engine) -> Result<Self> {
        let warehouse = Self::start(Path::new(":memory:"), engine)?;
        warehouse.batch("set temp_directory = ''; attach ':memory:' as warehouse; use warehouse")?;
        warehouse.close_off(&[])?;
        warehouse.batch(tables::CREATE)?;
        warehouse.conn.set_prepared_statement_cache_capacity(PREPARED);
        Ok(warehouse)
    }

    /// A connection to a DuckDB of its own, without a database yet.
    fn start(path: &Path, engine: &Engine) -> Result<Self> {
        let conn = Connection::open_in_memory().context("could not start DuckDB")?;
        let gate = Gate::new(&conn);
        let database = WAREHOUSE.to_owned();
        let warehouse = Self { conn, gate, path: path.to_owned(), journal: None, is_first: true, database };
        warehouse.batch("set global errors_as_json = true; set preserve_insertion_order = true; set autoinstall_known_extensions = false")?;
        if let Some(threads) = engine.threads {
            warehouse.batch(&format!("set threads = {threads}"))?;
        }
        if let Some(limit) = &engine.memory_limit {
            warehouse.batch(&format!("set memory_limit = {}", text(limit))).map_err(|_| {
                Problem::usage(format!("`{limit}` is not a memory limit"))
                    .hint("for example --memory-limit 2GB")
            })?;
        }
        Ok(warehouse)
    }

    /// Attaches `file`, which the user calls `path`.
    fn attach(path: &Path, file: &Path, engine: &Engine, options: &str) -> Result<Self> {
        let name = path::literal(file)?;
        let warehouse = Self::start(path, engine)?;
        // Checkpoints are made under the journal alone.
        warehouse.batch("set checkpoint_threshold = '1TB'; pragma disable_checkpoint_on_shutdown")?;
        let spill = path::literal(&path::beside(file, "tmp"))?;
        warehouse.batch(&format!("set temp_directory = {spill}"))?;
        // The type is named, because another kind of file would have DuckDB look for an extension on the web.
        let attach = format!("attach {name} as warehouse (type duckdb, {options}); use warehouse");
        let since = Instant::now();
        let mut is_told = false;
        while let Err(error) = warehouse.batch(&attach) {
            let holder = error::holder(&error).filter(|_| since.elapsed() < engine.wait);
            let Some(holder) = holder else { return Err(error::open_problem(path, error, engine.wait)) };
            if !std::mem::replace(&mut is_told, true) {
                term::note(&format!("waiting for {holder}, which has `{}` open", path.display()));
            }
            std::thread::sleep(PAUSE);
        }
        warehouse.close_off(&engine.folders)?;
        Ok(warehouse)
    }

    /// From now on nothing but this database and the files of `folders` are read or written, and no setting changes.
    fn close_off(&self, folders: &[PathBuf]) -> Result<(), SqlError> {
        // A file is asked for by a pattern that is its name alone, and opened by its name. A folder that DuckDB cannot
        // name holds nothing that it could read.
        let both = |folder| [path::absolute(folder).map(|name| text(&name)), path::pattern(folder)];
        let names: Vec<String> = folders.iter().flat_map(|folder| both(folder)).flatten().collect();
        self.batch(&format!(
            "set allowed_directories = [{}]; set enable_external_access = false;
             set allowed_configs = ['threads']; set lock_configuration = true",
            names.join(", ")
        ))
    }

    /// A second connection to the same database, for work side by side.
    pub fn another(&self) -> Result<Self> {
        self.connect(&self.database, self.journal.clone())
    }

    fn connect(&self, database: &str, journal: Option<Arc<Journal>>) -> Result<Self> {
        let conn = self.conn.try_clone().context("could not connect again")?;
        let (gate, path, database) = (Gate::new(&conn), self.path.clone(), database.to_owned());
        let other = Self { conn, gate, path, journal, is_first: false, database };
        other.batch(&format!("use {}", other.database))?;
        Ok(other)
    }

    /// A connection to an empty warehouse `name` beside this one, in memory; this one can read it.
    pub fn beside(&self, name: &str) -> Result<Self> {
        self.batch(&format!("detach database if exists {name}; attach ':memory:' as {name}"))?;
        let other = self.connect(name, None)?;
        other.batch(tables::CREATE)?;
        Ok(other)
    }

    /// The attached database that names without one mean.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// DuckDB's threads, the caller's own included.
    pub fn threads(&self) -> Result<usize, SqlError> {
        self.one("select current_setting('threads')", &[], |row| row.get(0))
    }

    pub fn set_threads(&self, threads: usize) -> Result<(), SqlError> {
        self.batch(&format!("set threads = {}", threads.max(1)))
    }

    /// Runs statements that give no rows. Each is planned once; a prepared one is planned again when it is executed.
    pub fn batch(&self, sql: &str) -> Result<(), SqlError> {
        let _busy = self.gate.enter()?;
        Ok(self.conn.execute_batch(sql)?)
    }

    /// Runs what was put around an analyst's SELECT: errors have their place in that.
    pub fn run(&self, around: &Select) -> Result<(), SqlError> {
        self.batch(around.as_str()).map_err(|error| error.shifted(around.start()))
    }

    /// Runs one statement with `values`, gives the number of rows it changed, and keeps it prepared for others.
    pub fn execute(&self, sql: &str, values: &[&dyn duckdb::ToSql]) -> Result<usize, SqlError> {
        let _busy = self.gate.enter()?;
        Ok(self.conn.prepare_cached(sql)?.execute(values)?)
    }

    /// All rows of a query, each made by `read`.
    pub fn rows<T>(
        &self,
        sql: &str,
        values: &[&dyn duckdb::ToSql],
        read: impl FnMut(&Row<'_>) -> duckdb::Result<T>,
    ) -> Result<Vec<T>, SqlError> {
        let _busy = self.gate.enter()?;
        Ok(self.conn.prepare(sql)?.query_map(values, read)?.collect::<duckdb::Result<_>>()?)
    }

    /// As `rows`, of any statement that is run many times as it is: it is parsed once.
    pub fn again<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> duckdb::Result<T>,
    ) -> Result<Vec<T>, SqlError> {
        let _busy = self.gate.enter()?;
        Ok(self.conn.prepare_cached(sql)?.query_map([], read)?.collect::<duckdb::Result<_>>()?)
    }

    /// The first row of a query, if there is one.
    pub fn row<T>(
        &self,
        sql: &str,
        values: &[&dyn duckdb::ToSql],
        read: impl FnMut(&Row<'_>) -> duckdb::Result<T>,
    ) -> Result<Option<T>, SqlError> {
        Ok(self.rows(sql, values, read)?.into_iter().next())
    }

    /// The row of a query that always has one, such as a count.
    pub fn one<T>(
        &self,
        sql: &str,
        values: &[&dyn duckdb::ToSql],
        read: impl FnOnce(&Row<'_>) -> duckdb::Result<T>,
    ) -> Result<T, SqlError> {
        let _busy = self.gate.enter()?;
        Ok(self.conn.query_row(sql, values, read)?)
    }

    /// Runs `work` in one transaction: all of it is kept, or nothing.
    pub fn transaction<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let turn = self.journal.as_deref().map(Journal::turn);
        let transaction = self.conn.unchecked_transaction().map_err(SqlError::from)?;
        let value = work()?;
        interrupt::check()?;
        transaction.commit().map_err(SqlError::from)?;
        drop(turn);
        if let Some(journal) = &self.journal {
            journal.checkpoint(self, journal::DUE);
        }
        Ok(value)
    }

    /// Name and type of every column that a query gives, without running it.
    pub fn describe(&self, select: &Select) -> Result<Vec<(String, String)>, SqlError> {
        self.rows(&format!("{DESCRIBE}{select}"), &[], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|error| error.shifted(DESCRIBE.len() + select.start()))
    }

    /// Columns of a table, in order; empty where there is no such table.
    pub fn columns(&self, table: &str) -> Result<Vec<(String, String)>, SqlError> {
        self.columns_of(&self.database, table)
    }

    /// As `columns`, in another database that is attached.
    pub fn columns_of(&self, database: &str, table: &str) -> Result<Vec<(String, String)>, SqlError> {
        let (schema, name) = table.split_once('.').unwrap_or(("main", table));
        let sql = "select column_name, data_type from duckdb_columns()
            where database_name = ? and schema_name = ? and table_name = ? order by column_index";
        self.rows(sql, params![database, schema, name], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// As `columns`, of a table that is there: eight times as fast, as DuckDB looks at no other. Elsewhere it would fail.
    pub fn shape(&self, table: &str) -> Result<Vec<(String, String)>, SqlError> {
        let (schema, name) = table.split_once('.').unwrap_or(("main", table));
        let sql = format!(
            "select name, type from pragma_table_info({})",
            text(&format!("{}.{}", ident(schema), ident(name)))
        );
        self.rows(&sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub fn has_table(&self, table: &str) -> Result<bool, SqlError> {
        let (schema, name) = table.split_once('.').unwrap_or(("main", table));
        let sql = "select count(*) > 0 from duckdb_tables()
            where database_name = ? and schema_name = ? and table_name = ?";
        self.one(sql, params![self.database, schema, name], |row| row.get(0))
    }

    /// A fact about the warehouse, of `pipeline.settings`.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        let sql = "select any_value(value) from pipeline.settings where name = ?";
        Ok(self.one(sql, &[&name], |row| row.get(0))?)
    }

    /// Replaces one of them.
    pub fn set(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.execute("delete from pipeline.settings where name = ?", &[&name])?;
        self.execute("insert into pipeline.settings values (?, ?)", &[&name, &value])?;
        Ok(())
    }
}

impl Drop for Warehouse {
    /// What cannot be moved into the database stays in its log, and is read from there.
    fn drop(&mut self) {
        if let Some(journal) = self.journal.as_deref().filter(|_| self.is_first && !std::thread::panicking())
        {
            journal.checkpoint(self, 1);
        }
    }
}

const DESCRIBE: &str = "describe ";
