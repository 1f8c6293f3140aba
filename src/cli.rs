//! The command line: what was asked, before anything is done.

mod arguments;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use arguments::{arguments, is_commented};

use crate::dates::{self, DateRange, Every};
use crate::output::Format;
use crate::problem::Problem;

/// SQL-first machine learning in the warehouse: features, ABTs and models are Jinja SQL files.
///
/// Exit codes: 0 done, 1 the data or a check failed, 2 usage, template, SQL or environment, 130 and 143 interrupted.
#[derive(Debug, Parser)]
#[command(name = "olist", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The DuckDB file; else olist.duckdb beside the project's files, or in the working folder where there is no project
    #[arg(long, global = true, value_name = "FILE", env = "OLIST_DATABASE")]
    pub database: Option<PathBuf>,
    /// The project's folder; else the nearest one at or above the working folder, else the built-in files
    #[arg(long, global = true, value_name = "DIR")]
    pub project_dir: Option<PathBuf>,
    /// Threads for DuckDB and for training; else all cores
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Wait so long for another process that has the database open
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 0, hide_default_value = true)]
    pub wait: u64,
    /// A partition (one table at one date) may take so long; else as long as it takes
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub time_limit: Option<u64>,
    /// Memory for DuckDB, for example 2GB
    #[arg(long, global = true, value_name = "SIZE")]
    pub memory_limit: Option<String>,
    /// No progress and no notes
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// How data is printed on stdout
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
    /// A value for var('NAME') in the SQL files; repeatable
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub var: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the project's SQL files into a folder, to start editing
    Init {
        /// The folder: a new one, or one in which queries/, features/, abt/ and models/ are not there yet
        dir: PathBuf,
    },
    /// Load the sources from Kaggle's files (.csv, .csv.gz, .parquet), or the synthetic marketplace
    Ingest(Ingest),
    /// Features, ABTs, training where it is due, scores: the main job
    Run(Run),
    /// What a run would do, tried in a copy beside the database: tables, models and scores before and after
    ///
    /// Exit code 0: nothing to do; 3: there are changes. The next `olist run` takes over what was built.
    Plan(Plan),
    /// What is built, stale and why, missing, failed; the champions, and what the next run does with them
    Status(Selection),
    /// Print a file's SQL, after Jinja, as it would run
    Render {
        /// For example `features/seller_sales.sql`
        file: String,
        /// The reference date
        #[arg(long, value_name = "D", value_parser = dates::parse)]
        date: NaiveDate,
    },
    /// Prove that no future was seen, and check columns, keys and rows, without writing
    ///
    /// Every table is built twice in memory: from the whole warehouse, and from one in which all that became known at or
    /// after the reference date is deleted. What differs has seen the future. Tables reached past `source` and `ref`,
    /// clocks and randomness are found in the syntax tree before. Labels are compared apart. Numbers are equal within 1e-9.
    Check(Check),
    /// Compare a model's candidates out of time, and make the best one champion
    Train {
        /// A file of models/, without `.sql`
        model: String,
        /// Train on what was known as of this date; else the day after data until
        #[arg(long, value_name = "D", value_parser = dates::parse)]
        as_of: Option<NaiveDate>,
    },
    /// Score reference dates with the champion in force for each
    Score {
        /// A file of models/, without `.sql`
        model: String,
        #[command(flatten)]
        dates: Dates,
        /// Score again what is scored and unchanged, and also what the wall before scores refuses
        #[arg(long)]
        force: bool,
    },
    /// Models with their champions; or one model's versions, metrics and champions
    #[command(args_conflicts_with_subcommands = true)]
    Models {
        /// Only this one, with all its versions
        model: Option<String>,
        #[command(subcommand)]
        command: Option<ModelsCommand>,
    },
    /// Make a version champion
    Promote {
        /// As `olist models` names it
        model: String,
        /// Its number, as `olist models MODEL` lists them
        version: i32,
        /// Why, for registry.champions
        #[arg(long, default_value = "promoted by hand")]
        reason: String,
    },
    /// Make the champion before the present one champion again
    Rollback {
        /// As `olist models` names it
        model: String,
        /// Why, for registry.champions
        #[arg(long, default_value = "rolled back by hand")]
        reason: String,
    },
    /// MLflow: runs, models and champions on a tracking server
    #[command(subcommand)]
    Mlflow(Mlflow),
    /// Run one query, which only reads the database, or a report
    ///
    /// A report is a query with a name: a file of queries/reports/. Built in are `seller_churn_to_call`, `deals_to_help`,
    /// `orders_to_rescue`, `seller_segments_profile` and `seller_segments_moves`; each is also a view of the schema
    /// `reports`. The SQL reads the database alone: `--format csv > FILE` writes a file.
    ///
    /// In a terminal, a table that is too wide for it turns into one row a block, and 1,000 rows are shown.
    Query(Query),
    /// Print the script that completes commands and options in a shell
    ///
    /// For bash: `olist completions bash > ~/.local/share/bash-completion/completions/olist`. For zsh, into a folder of
    /// $fpath as `_olist`; for fish, into ~/.config/fish/completions/olist.fish.
    Completions {
        #[arg(value_enum)]
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages, olist.1 and one a command, into a folder
    ///
    /// `olist man ~/.local/share/man/man1`, and `man olist-run` shows one.
    Man {
        /// A folder that is there
        dir: PathBuf,
    },
}

/// MLflow's own variables: what works for its Python client works here.
const MLFLOW_VARIABLES: &str = "\
Environment:
  MLFLOW_TRACKING_URI            address of the server, http or https; without it nothing is contacted
  MLFLOW_EXPERIMENT_NAME         experiments and registered models are called NAME.MODEL [default: olist]
  MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD
                                 a login
  MLFLOW_TRACKING_TOKEN          or a token
  MLFLOW_TRACKING_INSECURE_TLS   `true` takes any certificate
  MLFLOW_TRACKING_SERVER_CERT_PATH
                                 a PEM file of certificates to trust
  http_proxy, https_proxy, no_proxy
                                 as other programs take them
  MLFLOW_HTTP_REQUEST_TIMEOUT    seconds that one request may take [default: 15]";

#[derive(Debug, Subcommand)]
pub enum Mlflow {
    /// Send what waits in `registry.outbox`, in order, each thing once
    ///
    /// Trainings, promotions and scorings are sent by the commands that make them, where MLflow's address is set; what
    /// could not be sent within 30 seconds waits for this command, or for the next run.
    #[command(after_long_help = MLFLOW_VARIABLES)]
    Sync,
}

/// What else can be done with a model's versions.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Write a version as an ONNX model that MLflow loads, or as one SELECT that scores in DuckDB
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Export {
    /// As `olist models` names it
    pub model: String,
    /// Which version; else the champion
    #[arg(long, value_name = "N")]
    pub version: Option<i32>,
    /// What to write: a folder that MLflow loads, with an ONNX model or a rule's SQL in it; the same, and never a rule;
    /// or one SELECT
    // The global option of this name, with other values: it has to have the same id and type.
    #[arg(long, value_name = "FORMAT", default_value = "mlflow",
          value_parser = PossibleValuesParser::new(["mlflow", "onnx", "sql"]).map(|word| Format::of_export(&word)))]
    pub format: Format,
    /// The folder, else MODEL-VERSION; or the file of the SQL, else it is printed
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// At which reference date the model's SELECT is written out; else the last one that has scores
    #[arg(long, value_name = "D", value_parser = dates::parse)]
    pub date: Option<NaiveDate>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("origin").required(true).args(["dir", "sample"]))]
pub struct Ingest {
    /// The folder with Kaggle's files
    pub dir: Option<PathBuf>,
    /// Generate the synthetic marketplace instead
    #[arg(long)]
    pub sample: bool,
    /// Orders of the synthetic marketplace
    #[arg(long, value_name = "N", conflicts_with = "dir", default_value_t = DEFAULT_ORDERS,
          value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub orders: u64,
    /// Another seed, another marketplace
    #[arg(long, value_name = "S", conflicts_with = "dir", default_value_t = DEFAULT_SEED)]
    pub seed: u64,
    /// The last complete day, set by hand, until the next load; else it is found from the flow of orders
    #[arg(long, value_name = "D", value_parser = dates::parse)]
    pub until: Option<NaiveDate>,
    /// Replace a source even if it lost nine of ten rows
    #[arg(long)]
    pub force: bool,
}

/// Orders of the sample that a newcomer's first run loads.
pub const DEFAULT_ORDERS: u64 = 100_000;
/// Its seed.
pub const DEFAULT_SEED: u64 = 42;

#[derive(Debug, Args)]
pub struct Dates {
    /// A reference date, or a range FIRST..LAST; `latest` is the day after data until; repeatable
    #[arg(long = "date", value_name = "D[..D]", required = true)]
    pub ranges: Vec<DateRange>,
    /// The step of a range
    #[arg(long, value_enum, default_value = "month")]
    pub every: Every,
}

impl Dates {
    /// Whether they depend on what is loaded.
    pub fn needs_latest(&self) -> bool {
        self.ranges.iter().any(DateRange::needs_latest)
    }

    /// # Errors
    /// A range up to the latest date that begins after it.
    pub fn expand(&self, latest: NaiveDate) -> Result<Vec<NaiveDate>, Problem> {
        let dates = dates::expand(&self.ranges, self.every, latest);
        if dates.is_empty() {
            return Err(Problem::usage(format!("no date is meant: the latest one is {latest}")));
        }
        Ok(dates)
    }
}

#[derive(Debug, Args)]
pub struct Selection {
    /// A table or model, and all it needs; `NAME+` also what depends on it; `'features.seller_*'` all such; repeatable
    #[arg(long, value_name = "NAME")]
    pub select: Vec<String>,
    /// A table or model that is left out, with all that depends on it; repeatable
    #[arg(long, value_name = "NAME")]
    pub exclude: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub dates: Dates,
    #[command(flatten)]
    pub selection: Selection,
    /// Build also what is built and unchanged, and what lost nine of ten rows; score what the wall refuses
    #[arg(long)]
    pub force: bool,
    /// Copy scores, features, ABTs and their history to FILE, for those who only read; an earlier copy is replaced
    #[arg(long, value_name = "FILE")]
    pub publish: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["sql", "file"]))]
pub struct Query {
    /// SQL, or the name of a report such as `seller_churn_to_call`; `-` reads SQL from stdin
    pub sql: Option<String>,
    /// A file with the SQL; `-` is stdin
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The reference date of a report; else the last one that has scores
    #[arg(long, value_name = "D", value_parser = dates::parse)]
    pub date: Option<NaiveDate>,
}

#[derive(Debug, Args)]
pub struct Plan {
    /// A reference date, or a range FIRST..LAST; `latest` is the day after data until; repeatable
    #[arg(long = "date", value_name = "D[..D]", default_value = "latest")]
    pub ranges: Vec<DateRange>,
    /// The step of a range
    #[arg(long, value_enum, default_value = "month")]
    pub every: Every,
    #[command(flatten)]
    pub selection: Selection,
}

#[derive(Debug, Args)]
pub struct Check {
    /// A reference date, or a range FIRST..LAST; `latest` is the day after data until; repeatable; else three dates of the past
    #[arg(long = "date", value_name = "D[..D]")]
    pub ranges: Vec<DateRange>,
    /// The step of a range
    #[arg(long, value_enum, default_value = "month")]
    pub every: Every,
    #[command(flatten)]
    pub selection: Selection,
    /// Only the proof: descriptions, keys and checks are left out
    #[arg(long)]
    pub future: bool,
    /// An older copy of the database: what it shows otherwise was rewritten in place, undeclared
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
