//! What a file may call, and what it called, while it is rendered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use minijinja::value::Object;
use serde_json::Map;

use super::Vars;
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

/// The kind, date and vars of one rendering, and what it referred to so far.
#[derive(Debug)]
pub struct Scope {
    pub kind: Kind,
    pub date: Option<NaiveDate>,
    /// What `raw()` renders to, in a source file.
    pub raw: Option<String>,
    pub vars: Vars,
    pub known: Arc<Known>,
    /// Put before the schemas of what `source`, `ref` and `outcome` give; a text that no file can know.
    pub seal: String,
    trace: Mutex<Trace>,
}

/// What the files of a project define.
#[derive(Debug, Default)]
pub struct Known {
    /// `orders`
    pub sources: BTreeSet<String>,
    /// `features.seller_sales`, `abt.seller_churn`, `scores.seller_churn`, `sample.orders`
    pub tables: BTreeSet<String>,
}

impl Known {
    pub fn of(project: &Project) -> Self {
        let names = |folder| project.in_folder(folder).map(|(_, name)| name);
        let folders =
            [("features", "features"), ("abt", "abt"), ("models", "scores"), ("queries/sample", "sample")];
        let tables = folders
            .into_iter()
            .flat_map(|(folder, schema)| names(folder).map(move |name| format!("{schema}.{name}")));
        Self { sources: names("queries/sources").map(str::to_owned).collect(), tables: tables.collect() }
    }
}

/// What a file called.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    pub config: Option<Map<String, serde_json::Value>>,
    pub refs: BTreeSet<String>,
    pub sources: BTreeSet<String>,
    pub outcomes: BTreeSet<String>,
}

/// What all files of a project are rendered with.
pub struct Given<'a> {
    pub vars: &'a Vars,
    pub known: &'a Arc<Known>,
    pub seal: &'a str,
}

impl Scope {
    pub fn new(kind: Kind, date: Option<NaiveDate>, raw: Option<&str>, given: &Given<'_>) -> Self {
        let Given { vars, known, seal } = *given;
        let (vars, known, seal) = (vars.clone(), Arc::clone(known), seal.to_owned());
        Self { kind, date, raw: raw.map(str::to_owned), vars, known, seal, trace: Mutex::default() }
    }

    /// A rendering runs on one thread; a poisoned lock still holds what was called.
    pub fn note(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn trace(&self) -> Trace {
        self.note().clone()
    }
}

impl Object for Scope {}
