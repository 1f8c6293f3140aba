//! The arguments of single commands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Result, bail};
use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::catalog::Catalog;
use crate::dates::{self, DateRange, Every};
use crate::output::Format;
use crate::page::Lang;
use crate::problem::Problem;

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
    #[arg(long = "date", value_name = "D[..D]")]
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
    pub fn expand(&self, latest: NaiveDate) -> Result<Vec<NaiveDate>> {
        let dates = dates::expand(&self.ranges, self.every, latest);
        if dates.is_empty() {
            bail!(Problem::usage(format!("no date is meant: the latest one is {latest}")));
        }
        Ok(dates)
    }
}

const CHECKED: &str = "A reference date, or a range FIRST..LAST; `latest` is the day after data until; repeatable; else the first \
    snapshot and three later dates";

/// What runs the SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Engine {
    #[default]
    Duckdb,
    Spark,
}

/// Where Spark is, and what it works on.
#[derive(Debug, Args)]
pub struct Server {
    /// The Spark Connect server: `sc://HOST:PORT`, or `sc://HOST:PORT/;use_ssl=true;token=TOKEN`
    #[arg(long, value_name = "ADDRESS", env = "OLIST_REMOTE", hide_env_values = true)]
    pub remote: Option<String>,
    /// Where Spark reads sources and writes partitions: a folder that all its machines see, or s3://…
    #[arg(long, value_name = "DIR", env = "OLIST_LAKE")]
    pub lake: Option<String>,
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

impl Selection {
    /// The names that are meant, with all they need.
    pub fn of(&self, catalog: &Catalog) -> Result<BTreeSet<String>> {
        catalog.select(&self.select, &self.exclude)
    }
}

#[derive(Debug, Args)]
#[command(mut_arg("ranges", |dates| dates.required(true)))]
pub struct Run {
    #[command(flatten)]
    pub dates: Dates,
    #[command(flatten)]
    pub selection: Selection,
    /// Build also what is built and unchanged, and what lost nine of ten rows; score what the wall refuses
    #[arg(long)]
    pub force: bool,
    /// Edited files take over, however they compare with the version that serves
    #[arg(long)]
    pub accept: bool,
    /// Copy scores, features, ABTs and their history to FILE, for those who only read; an earlier copy is replaced
    #[arg(long, value_name = "FILE")]
    pub publish: Option<PathBuf>,
    /// Where features and ABTs are made: in the database, or on Spark, from where ABTs come back; see docs/spark.md
    #[arg(long, value_enum, default_value_t, env = "OLIST_ENGINE")]
    pub engine: Engine,
    #[command(flatten)]
    pub server: Server,
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
#[command(mut_arg("ranges", |dates| dates.default_value("latest")))]
pub struct Plan {
    #[command(flatten)]
    pub dates: Dates,
    #[command(flatten)]
    pub selection: Selection,
}

#[derive(Debug, Args)]
pub struct Report {
    /// As `olist models` names it; else all, and PATH is a folder
    pub model: Option<String>,
    /// The file; or a folder, which gets a file MODEL.html of each
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// The language of its words, numbers and dates; descriptions stay as the SQL files have them
    #[arg(long, value_enum, ignore_case = true, default_value_t)]
    pub lang: Lang,
}

#[derive(Debug, Args)]
#[command(mut_arg("ranges", |dates| dates.help(CHECKED)))]
pub struct Check {
    #[command(flatten)]
    pub dates: Dates,
    #[command(flatten)]
    pub selection: Selection,
    /// Only the proof: descriptions, keys and checks are left out
    #[arg(long)]
    pub future: bool,
    /// Only whether each file runs on Spark as well, and why not; no database is read
    #[arg(long, conflicts_with_all = ["ranges", "future", "against"])]
    pub portable: bool,
    /// An older copy of the database: what it shows otherwise was rewritten in place, undeclared
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// With `spark`: instead of the proof, build features and ABTs on both engines and compare them row by row
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    #[command(flatten)]
    pub server: Server,
}

#[derive(Debug, Args)]
pub struct Test {
    /// A table, for its cases; a file of tests/sql/, or `FILE:LINE` for one case; repeatable; else all
    pub names: Vec<String>,
    /// Expect from now on what came out: the expected rows of cases that fail are rewritten, and nothing else
    #[arg(long)]
    pub update: bool,
    /// Write a case of this feature store or ABT from real rows: those that its row of --key at --date needs
    #[arg(long, value_name = "TABLE", requires_all = ["key", "date"], conflicts_with_all = ["names", "update"])]
    pub new: Option<String>,
    /// The row's key; repeated, in the order of `key` in config, where that has several columns
    #[arg(long, value_name = "VALUE", requires = "new")]
    pub key: Vec<String>,
    /// The row's reference date
    #[arg(long, value_name = "D", requires = "new", value_parser = dates::parse)]
    pub date: Option<NaiveDate>,
}
