//! What a file may call, and what it called, while it is rendered.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use minijinja::value::Object;
use serde_json::Map;

use super::Vars;

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
}

/// The kind, date and vars of one rendering, and what it referred to so far.
#[derive(Debug)]
pub struct Scope {
    pub kind: Kind,
    pub date: Option<NaiveDate>,
    /// What `raw()` renders to, in a source file.
    pub raw: Option<String>,
    pub vars: Vars,
    /// Put before the schemas of what `source`, `ref` and `outcome` give; a text that no file can know.
    pub seal: String,
    trace: Mutex<Trace>,
}

/// What a file called.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    pub config: Option<Map<String, serde_json::Value>>,
    pub refs: BTreeSet<String>,
    pub sources: BTreeSet<String>,
    pub outcomes: BTreeSet<String>,
}

impl Scope {
    pub fn new(kind: Kind, date: Option<NaiveDate>, raw: Option<&str>, vars: Vars, seal: &str) -> Self {
        let raw = raw.map(str::to_owned);
        Self { kind, date, raw, vars, seal: seal.to_owned(), trace: Mutex::default() }
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
