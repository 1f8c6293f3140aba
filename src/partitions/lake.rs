//! Partitions made on Spark: sources are read from a lake, every partition that another table needs is written to a folder
//! of its own there, and what has to be in the database comes back. The ledger names the folder: another one, half
//! written or of an earlier fingerprint, is no partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;

use super::engine::{Engine, Made, Rows};
use super::job::{Job, Written};
use super::ledger::{Entry, Ledger};
use super::partition::{Context, Maker, query};
use super::plan::Task;
use super::sources;
use crate::catalog::Catalog;
use crate::config::SourceSpec;
use crate::spark::Spark;
use crate::template::{Kind, Templates};

/// A query waits for Spark most of the time: its planning, above all, is not done on this machine's cores.
const SIDE_BY_SIDE: usize = 8;

/// A lake, and the server that works on it.
pub struct Lake {
    pub(super) spark: Arc<Spark>,
    pub(super) root: String,
    pub(super) templates: Templates,
    pub(super) specs: BTreeMap<String, SourceSpec>,
    /// The versions of sources that are tables on Spark.
    pub remote: BTreeMap<String, String>,
    home: BTreeSet<String>,
    /// Folders of partitions.
    folders: Mutex<BTreeMap<(String, NaiveDate), String>>,
    turn: Mutex<()>,
}

/// What a run knows of its tables.
pub struct Given {
    /// With the macros that Spark has of its own.
    pub templates: Templates,
    pub specs: BTreeMap<String, SourceSpec>,
    /// Of the sources that are loaded.
    pub versions: BTreeMap<String, String>,
    /// Tables that are needed in the database: what reports and models refer to.
    pub home: BTreeSet<String>,
}

impl Lake {
    /// Reads the sources, each in the version that is loaded, and the folders of what is built.
    ///
    /// # Errors
    /// A source that is not there.
    pub fn open(spark: Arc<Spark>, root: String, given: Given, ledger: &Ledger) -> Result<Self> {
        let Given { templates, specs, versions, home } = given;
        let remote = sources::read(&spark, &root, &templates, &specs, &versions)?;
        let folder =
            |(table, date, entry): (&String, _, &Entry)| Some(((table.clone(), date), entry.lake.clone()?));
        let folders = ledger.entries().filter_map(folder);
        let folders = Mutex::new(folders.collect());
        Ok(Self { spark, root, templates, specs, remote, home, folders, turn: Mutex::default() })
    }

    /// Whether the partition of `entry` is where it is needed.
    pub fn holds(&self, catalog: &Catalog, table: &str, entry: &Entry) -> bool {
        let is_in_lake = entry.lake.as_ref().is_some_and(|folder| folder.starts_with(&self.root));
        (is_in_lake || !is_needed(catalog, table)) && (entry.is_here || !self.is_home(catalog, table))
    }

    /// The same, writing to where no run looks.
    #[must_use]
    pub fn apart(self) -> Self {
        Self { root: format!("{}/check", self.root), ..self }
    }

    /// Where a partition lies.
    pub(super) fn folder(&self, table: &str, date: NaiveDate) -> String {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.get(&(table.to_owned(), date)).cloned().unwrap_or_default()
    }

    /// Whether rows are needed in the database.
    fn is_home(&self, catalog: &Catalog, table: &str) -> bool {
        self.home.contains(table) || catalog.tables.get(table).is_some_and(|node| node.kind == Kind::Abt)
    }
}

/// Whether rows are needed on Spark: another table may be made of them.
fn is_needed(catalog: &Catalog, table: &str) -> bool {
    table.starts_with("features.") || catalog.tables.values().any(|node| node.refs.contains(table))
}

impl Engine for Lake {
    fn workers(&self, _cores: usize) -> usize {
        SIDE_BY_SIDE
    }

    fn turn(&self) -> Option<&Mutex<()>> {
        Some(&self.turn)
    }

    fn materialise(&self, maker: Maker<'_>, task: &Task) -> Result<Made> {
        let (catalog, partition) = (maker.catalog, maker.partition(task));
        let Context { run_id, time_limit: limit, .. } = *maker.context;
        let job = Job { lake: self, catalog, task, run_id, limit };
        let node = partition.node;
        // What DuckDB refuses is told as ever.
        let query = query(node, task.date, maker.plan.settled_until, &partition.own()?);
        let columns = maker.described(task, &query)?.split_off(1);
        let is_here = self.is_home(catalog, &task.table);
        if !is_needed(catalog, &task.table) {
            return Ok(Made { rows: Rows::Fetched(columns, job.fetch()?), lake: None, is_here });
        }
        let Written { all, folder, rows, is_sound } = job.write(node)?;
        let rows =
            if is_sound && !is_here { Rows::Left(rows) } else { Rows::Fetched(columns, job.read(&all)?) };
        let key = (task.table.clone(), task.date);
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(key, folder.clone());
        Ok(Made { rows, lake: Some(folder), is_here })
    }
}
