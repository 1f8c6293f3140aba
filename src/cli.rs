//! The command line: what was asked, before anything is done.

mod args;

use std::ffi::OsString;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::dates;
use crate::output::Format;

pub use args::{
    Check, DEFAULT_ORDERS, DEFAULT_SEED, Dates, Engine, Export, Ingest, Plan, Query, Report, Run, Selection,
    Server, Test,
};

/// SQL-first machine learning in the warehouse: features, ABTs and models are Jinja SQL files.
///
/// Exit codes: 0 done, 1 the data or a check failed, 2 usage, template, SQL or environment, 3 a plan with changes, 130 and 143
/// interrupted.
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
    /// Write the project's SQL files and their cases into a folder, to start editing
    Init {
        /// The folder: a new one, or one in which queries/, features/, abt/, models/ and tests/sql/ are not there yet
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
        /// For which engine: on Spark a source is the SELECT of what was known
        #[arg(long, value_enum, default_value = "duckdb")]
        engine: Engine,
    },
    /// Prove that no future was seen, and check columns, keys and rows, without writing
    ///
    /// Every table is built twice in memory: from the whole warehouse, and from one in which all that became known at or
    /// after the reference date is deleted. What differs has seen the future. Tables reached past `source` and `ref`,
    /// clocks and randomness are found in the syntax tree before. Labels are compared apart. Numbers are equal within 1e-9.
    Check(Check),
    /// Run the cases of tests/sql/: given these rows of sources, a table has those rows
    ///
    /// They run in memory, without the database. What differs is shown by key and column; exit code 1. Numbers are equal
    /// within 1e-9. docs/files.md shows a case.
    Test(Test),
    /// Compare a model's candidates out of time, with each other and with the version that serves
    ///
    /// The best one becomes champion where the 95 % interval of the difference, paired, leaves no doubt; else the version is
    /// kept beside the champion, or where no file changed, the champion's recipe is fitted again.
    Train {
        /// A file of models/, without `.sql`
        model: String,
        /// Train on what was known as of this date; else the day after data until
        #[arg(long, value_name = "D", value_parser = dates::parse)]
        as_of: Option<NaiveDate>,
        /// Edited files take over, however they compare with the version that serves
        #[arg(long)]
        accept: bool,
    },
    /// Score reference dates with the champion in force for each
    #[command(mut_arg("ranges", |dates| dates.required(true)))]
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
        /// How the candidates compared at the training of this version; with --format json all that is known of it
        #[arg(long, value_name = "N", requires = "model")]
        version: Option<i32>,
        /// What differs between two versions: SQL, inputs, settings, metrics by fold
        #[arg(long, num_args = 2, value_names = ["N", "M"], requires = "model", conflicts_with = "version")]
        diff: Option<Vec<i32>>,
        #[command(subcommand)]
        command: Option<ModelsCommand>,
    },
    /// What came of the lists that were delivered: metrics where all labels are known, beside promise and rule
    Monitor {
        /// As `olist models` names it; else all
        model: Option<String>,
        /// Exit code 1 where the last list of a model is behind its rule, or outside what its training promised
        #[arg(long)]
        fail: bool,
    },
    /// What tables and columns are: text, type, unit, values, the SQL, and the lineage of a column from file to score
    ///
    /// Without a name, the tables; with a table's, its columns; with a column's, all that is known of it.
    Docs {
        /// A table, a column, or TABLE.COLUMN
        name: Option<String>,
        /// Write all of it as one HTML page
        #[arg(long, value_name = "FILE", conflicts_with = "name")]
        out: Option<PathBuf>,
    },
    /// Why a score: what each input adds to the mean of the list, in words
    ///
    /// Contributions add up to the score on the model's own scale: log-odds, of a forest alone and of a rule the
    /// probability, of segments the squared distance. The table of scores has the strongest as `reasons`.
    Explain {
        /// As `olist models` names it
        model: String,
        /// Whose score: the value of each column of the model's key
        #[arg(required = true)]
        key: Vec<String>,
        /// The reference date; else the last one that has scores
        #[arg(long, value_name = "D", value_parser = dates::parse)]
        date: Option<NaiveDate>,
    },
    /// Write a page on a model: what it says, of whom, and how far to trust it
    ///
    /// HTML that needs nothing else and runs nothing, in light and dark, on a phone and on paper. It is made of what the
    /// database keeps of the champion and its lists, so that nothing is trained or scored. An earlier page is replaced.
    Report(Report),
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
    /// The lake that Spark works on
    #[command(subcommand)]
    Lake(Lake),
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

#[derive(Debug, Subcommand)]
pub enum Lake {
    /// Write the sources to the lake as parquet, each as it is loaded; what is there already stays
    Push {
        /// The folder; to a bucket, copy it with the tool of its provider
        #[arg(long, value_name = "DIR", env = "OLIST_LAKE")]
        lake: String,
    },
}

/// What else can be done with a model's versions.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Write a version as an ONNX model that MLflow loads, or as one SELECT that scores in DuckDB
    Export(Export),
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// The program's arguments. SQL that begins with a comment begins like an option: a new line before it says that it is none.
pub fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().map(|argument| match argument.to_str() {
        Some(text) if is_commented(text) => format!("\n{text}").into(),
        _ => argument,
    })
}

/// Whether this is a comment with something below it, and no `--option=value`.
pub fn is_commented(text: &str) -> bool {
    let Some((first, _)) = text.strip_prefix("--").and_then(|text| text.split_once('\n')) else {
        return false;
    };
    let name = first.split('=').next().unwrap_or_default();
    !first.contains('=') || name.is_empty() || name.contains(|c: char| !c.is_ascii_lowercase() && c != '-')
}
