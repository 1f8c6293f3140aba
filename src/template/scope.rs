//! What a file may call, and what it called, while it is rendered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use minijinja::value::Object;

use super::{Config, Templates, Vars};
use crate::project::Project;

/// The variable under which functions find the scope of the file being rendered.
pub const NAME: &str = "__scope";

/// What kind of file it is; decides what it may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Source,
    Sample,
    Feature,
    Abt,
    Model,
    Report,
    /// Of what sources say of themselves.
    Audit,
}

impl Kind {
    /// The schemas of the tables that it may `ref`.
    pub fn refers_to(self) -> &'static [&'static str] {
        match self {
            Self::Feature => &["features"],
            Self::Abt | Self::Model => &["features", "abt"],
            Self::Report => &["features", "abt", "scores"],
            Self::Sample => &["sample"],
            Self::Source | Self::Audit => &[],
        }
    }
}

/// What all files of a project are rendered with.
#[derive(Debug, Clone, Default)]
pub struct Globals {
    pub vars: Vars,
    /// `orders`
    pub sources: BTreeSet<String>,
    /// `features.seller_sales`, `abt.seller_churn`, `scores.seller_churn`, `sample.orders`
    pub tables: BTreeSet<String>,
    /// Put before the schemas of what `source`, `ref` and `outcome` give; a text that no file can know.
    pub seal: String,
    /// Whether `outcome` gives what `source` does.
    pub is_blind: bool,
}

impl Globals {
    pub fn new(project: &Project, vars: Vars) -> Self {
        let names = |folder| project.in_folder(folder).map(|(_, name)| name);
        let folders =
            [("features", "features"), ("abt", "abt"), ("models", "scores"), ("queries/sample", "sample")];
        let tables = folders
            .into_iter()
            .flat_map(|(folder, schema)| names(folder).map(move |name| format!("{schema}.{name}")));
        let sources = names("queries/sources").map(str::to_owned).collect();
        Self { vars, sources, tables: tables.collect(), ..Self::default() }
    }

    /// The tables that a file may `ref`.
    pub fn tables(&self, kind: Kind) -> BTreeSet<String> {
        let is_one = |table: &&String| {
            table.split_once('.').is_some_and(|(schema, _)| kind.refers_to().contains(&schema))
        };
        self.tables.iter().filter(is_one).cloned().collect()
    }
}

impl Templates {
    /// What `--var` gave.
    pub fn vars(&self) -> &Vars {
        &self.globals.vars
    }
}

/// The kind and date of one rendering, and what it called so far.
#[derive(Debug)]
pub struct Scope {
    pub kind: Kind,
    pub date: Option<NaiveDate>,
    /// What `raw()` renders to, in a source file.
    pub raw: Option<String>,
    pub globals: Arc<Globals>,
    pub calls: Mutex<Calls>,
}

/// What a file called.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    pub config: Option<Config>,
    pub refs: BTreeSet<String>,
    pub sources: BTreeSet<String>,
    pub outcomes: BTreeSet<String>,
}

impl Scope {
    /// A rendering runs on one thread; a poisoned lock still holds what was called.
    pub fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object for Scope {}
