//! What every command shares: the global options, the project, the warehouse, the id of this run.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::cli::Global;
use crate::earlier::Means;
use crate::ingest;
use crate::partitions::Ledger;
use crate::problem::{self, Problem};
use crate::project::Project;
use crate::publish;
use crate::run::{Loaded, Options, Run};
use crate::template::{Templates, Vars};
use crate::warehouse::{Engine, Warehouse};

/// One run of the program.
pub struct Session {
    pub options: Global,
    pub engine: Engine,
    pub vars: Vars,
    project: OnceCell<Project>,
    pub database: PathBuf,
    /// Names this run in the ledger.
    pub run_id: String,
}

impl Session {
    pub fn new(options: Global) -> Result<Self> {
        if let Some(threads) = options.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(usize::from(threads))
                .build_global()
                .context("could not start the threads")?;
        }
        let engine = Engine {
            threads: options.threads.map(usize::from),
            memory_limit: options.memory_limit.clone(),
            wait: Duration::from_secs(options.wait),
            folders: Vec::new(),
        };
        let database = match &options.database {
            Some(file) => file.clone(),
            None => Project::folder(options.project_dir.as_deref())?.join("olist.duckdb"),
        };
        let vars = options.var.iter().cloned().collect();
        let now = chrono::Utc::now();
        let run_id = format!("{}-{}", now.format("%Y%m%dT%H%M%S"), now.timestamp_subsec_micros());
        Ok(Self { options, engine, vars, project: OnceCell::new(), database, run_id })
    }

    pub fn project(&self) -> Result<&Project> {
        if let Some(project) = self.project.get() {
            return Ok(project);
        }
        let project = Project::find(self.options.project_dir.as_deref())?;
        Ok(self.project.get_or_init(|| project))
    }

    /// What names the database on a command line, where it has to be named.
    pub fn database_option(&self) -> String {
        match self.database.display().to_string() {
            own if own == "olist.duckdb" => String::new(),
            other => format!("--database {other} "),
        }
    }

    /// Opens for writing, and to read or write files in `folders` as well.
    pub fn open(&self, folders: Vec<PathBuf>) -> Result<Warehouse> {
        Warehouse::open(&self.database, &Engine { folders, ..self.engine.clone() })
    }

    /// As `open`, for a command that needs what others have written.
    pub fn open_existing(&self) -> Result<Warehouse> {
        Warehouse::check_there(&self.database)?;
        self.open(Vec::new())
    }

    /// Opens for reading what `olist` itself writes to, sources and versions included, and files in `folders`.
    ///
    /// # Errors
    /// A database that is not there, a published copy, or a database of something else.
    pub fn open_whole(&self, folders: Vec<PathBuf>) -> Result<Warehouse> {
        let engine = Engine { folders, ..self.engine.clone() };
        let open = || Warehouse::open_read_only(&self.database, &engine);
        let warehouse = open()?;
        publish::check_whole(&warehouse)?;
        if warehouse.is_up_to_date()? {
            return Ok(warehouse);
        }
        // Its tables are those of an earlier version: what writes brings them up to date.
        drop(warehouse);
        drop(self.open(Vec::new())?);
        open()
    }

    pub fn templates(&self) -> Result<Templates> {
        Templates::new(self.project()?, self.vars.clone())
    }

    /// For one partition.
    pub fn time_limit(&self) -> Option<Duration> {
        self.options.time_limit.map(Duration::from_secs)
    }

    /// The same files as they run on Spark.
    pub fn templates_for_spark(&self) -> Result<Templates> {
        Templates::for_spark(self.project()?, self.vars.clone())
    }

    pub fn catalog(&self, date: NaiveDate) -> Result<Catalog> {
        let (catalog, mistakes) = self.catalog_of_the_rest(date)?;
        problem::end(mistakes)?;
        Ok(catalog)
    }

    /// As `catalog`, without the files that have mistakes, and what these are.
    pub fn catalog_of_the_rest(&self, date: NaiveDate) -> Result<(Catalog, Vec<Problem>)> {
        let mut catalog = Catalog::read(self.project()?, self.vars.clone(), date)?;
        let mistakes = std::mem::take(&mut catalog.mistakes);
        Ok((catalog, mistakes))
    }

    /// A run over `warehouse`, which is open for writing.
    pub fn run<'a>(
        &self,
        warehouse: &'a Warehouse,
        catalog: &'a Catalog,
        loaded: &'a Loaded,
        options: Options,
    ) -> Result<Run<'a>> {
        ingest::check_sources(warehouse, self.project()?, &catalog.templates)?;
        Run::new(warehouse, catalog, loaded, options)
    }

    /// How a run is done where nothing else is asked for.
    pub fn options(&self) -> Options {
        let (id, cores, time_limit) = (self.run_id.clone(), self.cores(), self.time_limit());
        Options { id, cores, time_limit, force: false, is_accepted: false, lake: None }
    }

    /// By which tables are built beside what is there.
    pub fn means<'a>(
        &'a self,
        warehouse: &'a Warehouse,
        ledger: &'a Ledger,
        loaded: &'a Loaded,
    ) -> Means<'a> {
        Means {
            warehouse,
            ledger,
            loads: &loaded.loads,
            settled_until: loaded.last_date(),
            run_id: &self.run_id,
            cores: self.cores(),
            time_limit: self.time_limit(),
        }
    }

    /// Cores that may be used.
    pub fn cores(&self) -> usize {
        self.engine.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from))
    }
}
