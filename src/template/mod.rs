//! Jinja: from an analyst's file and a reference date to the SQL that runs, its config and what it refers to.

mod comments;
mod compiled;
pub mod config;
mod errors;
mod functions;
mod limits;
mod locate;
mod names;
mod places;
mod scope;
mod syntax;
mod tokens;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::Result;
use chrono::NaiveDate;
use minijinja::value::Serde;
use minijinja::{Environment, OutputSpan, OutputSpanKind, UndefinedBehavior, Value, context};
use serde::Serialize;
use serde_json::Map;

pub use locate::Located;
pub use scope::Kind;
pub use syntax::MISSING_COMMA;

use crate::problem::{Place, Problem};
use crate::project::Project;
use crate::sql::{Select, SqlError, Unproven, lexemes, normal_of};
use compiled::{Compiled, Macros};
use config::Keys;
use limits::{LARGEST, Watch, check_tags, on_a_deep_stack, too_large};
use scope::{Calls, Globals, Scope};
use trace::Trace;

/// The arguments of `config(...)`.
type Config = Map<String, serde_json::Value>;

/// `--var name=value`.
pub type Vars = BTreeMap<String, String>;

/// Loops without end stop here; the largest file of the project needs a few thousand.
const FUEL: u64 = 2_000_000;

/// All templates of a project, ready to be rendered at any reference date.
#[derive(Clone)]
pub struct Templates {
    env: Environment<'static>,
    files: BTreeMap<String, File>,
    macros: Macros,
    globals: Arc<Globals>,
    /// What audits are rendered with: the source that is looked at.
    variables: Value,
}

#[derive(Clone)]
struct File {
    source: String,
    compiled: Compiled,
}

/// One file rendered at one reference date.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub file: String,
    pub kind: Kind,
    pub date: Option<NaiveDate>,
    /// What `raw()` gave, in a source file.
    pub raw: Option<String>,
    pub sql: Unproven,
    /// The same without comments and layout: what decides what the query does.
    pub normal: String,
    pub config: Config,
    /// What the file refers to, as `features.seller_sales`.
    pub refs: BTreeSet<String>,
    pub sources: BTreeSet<String>,
    pub outcomes: BTreeSet<String>,
    /// What gave which bytes of the SQL.
    spans: Vec<OutputSpan>,
    /// The same, with calls and iterations, once a place was asked for.
    trace: OnceLock<Option<Arc<Trace>>>,
}

impl Rendered {
    /// Its one SELECT, before anything is done with it.
    pub fn select(&self) -> Result<Select, SqlError> {
        Select::dated(&self.sql, self.date)
    }
}

impl Templates {
    /// Compiles every file of the project.
    pub fn new(project: &Project, vars: Vars) -> Result<Self> {
        on_a_deep_stack(|| Self::compile(project, vars, false))
    }

    /// The same, with the macros of queries/macros/spark/ in the place of those of the same name.
    pub fn for_spark(project: &Project, vars: Vars) -> Result<Self> {
        on_a_deep_stack(|| Self::compile(project, vars, true))
    }

    fn compile(project: &Project, vars: Vars, is_spark: bool) -> Result<Self> {
        let mut env = environment(FUEL);
        let macros = compiled::macros(&project.files().collect::<Vec<_>>(), is_spark)?;
        let mut files = BTreeMap::new();
        for (file, source) in project.files() {
            let segments = tokens::read(source);
            check_tags(file, source, &segments)?;
            let compiled = Compiled::new(source, compiled::edits(file, source, &segments, &macros));
            env.add_template_owned(file.to_owned(), compiled.text.clone())
                .map_err(|error| syntax::problem(&error, file, source, &compiled))?;
            files.insert(file.to_owned(), File { source: source.to_owned(), compiled });
        }
        let globals = Arc::new(Globals::new(project, vars));
        Ok(Self { env, files, macros, globals, variables: context! {} })
    }

    /// The same templates with other values for `var(...)`; what `--var` gave stays in force.
    #[must_use]
    pub fn with_vars(&self, values: &[(&str, u64)]) -> Self {
        self.changed(|globals| {
            for (name, value) in values {
                globals.vars.entry((*name).to_owned()).or_insert_with(|| value.to_string());
            }
        })
    }

    /// The same templates, whose `source`, `ref` and `outcome` put `seal` before the schema: what stands in the SQL
    /// without it was not written by them.
    #[must_use]
    pub fn sealed(&self, seal: &str) -> Self {
        self.changed(|globals| seal.clone_into(&mut globals.seal))
    }

    /// The same templates, whose `outcome` shows no more than `source`.
    #[must_use]
    pub fn blind(&self) -> Self {
        self.changed(|globals| globals.is_blind = true)
    }

    fn changed(&self, change: impl FnOnce(&mut Globals)) -> Self {
        let mut templates = self.clone();
        change(Arc::make_mut(&mut templates.globals));
        templates
    }

    /// See `sealed`; empty where the SQL is to run.
    pub fn seal(&self) -> &str {
        &self.globals.seal
    }

    /// Sets what files are rendered with, beside what is in every file.
    pub fn set_variables(&mut self, variables: &impl Serialize) {
        self.variables = Value::from(Serde(variables));
    }

    /// The files of a folder, by their paths.
    pub fn files<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.keys().map(String::as_str).filter(move |file| file.starts_with(folder))
    }

    /// The file's own text.
    pub fn source(&self, file: &str) -> &str {
        self.files.get(file).map_or("", |file| &file.source)
    }

    /// The offset in a file's own text of byte `offset` of what is compiled.
    fn origin(&self, file: &str, offset: usize) -> usize {
        self.files.get(file).map_or(offset, |file| file.compiled.origin(offset))
    }

    /// Where it is written that gave byte `offset` of the SQL by `span`: an expression at its beginning.
    fn written(&self, span: &OutputSpan, offset: usize) -> Place {
        let output = span.output_range();
        let is_copied = span.kind() == OutputSpanKind::Raw;
        let within = if is_copied { offset.min(output.end.saturating_sub(1)) - output.start } else { 0 };
        self.at(span.name(), self.origin(span.name(), span.source_range().start + within))
    }

    /// The place of byte `offset` of a file.
    fn at(&self, file: &str, offset: usize) -> Place {
        Place::at_offset(file, self.source(file), offset)
    }

    fn keys<'a>(&'a self, file: &'a str) -> Keys<'a> {
        Keys::read(file, self.source(file))
    }

    /// Renders `file` at `date` (files of sources and the sample have none).
    pub fn render(
        &self,
        file: &str,
        kind: Kind,
        date: Option<NaiveDate>,
        raw: Option<&str>,
    ) -> Result<Rendered> {
        let template =
            self.env.get_template(file).map_err(|_| Problem::usage(format!("there is no file `{file}`")))?;
        let (variables, scope) = self.variables(kind, date, raw);
        let watch = Watch::start(file, date);
        let rendered = template.render_with_spans(variables);
        drop(watch);
        let (mut sql, spans) = rendered.map_err(|error| {
            let tracer = self.traced(file, kind, date, raw).map(|(_, tracer)| tracer);
            errors::problem(&error, self, tracer.as_deref()).at_least(file, self.source(file)).maybe_on(date)
        })?;
        sql.truncate(sql.trim_end().len());
        let calls = scope.downcast_object_ref::<Scope>().map(|scope| scope.calls().clone());
        let Calls { config, refs, sources, outcomes } = calls.unwrap_or_default();
        let broken = |problem: Problem| problem.maybe_on(date);
        if sql.len() > LARGEST {
            return Err(broken(too_large(self, file, &sql, &spans)).into());
        }
        let (tokens, unclosed) = lexemes(&sql);
        let normal = normal_of(&sql, &tokens, unclosed);
        let is_empty = kind != Kind::Source && normal.is_empty();
        comments::swallowed(self, &sql, &tokens, &spans)
            .or_else(|| self.misconfigured(file, config.is_some(), is_empty))
            .map_or(Ok(()), |problem| Err(broken(problem)))?;
        Ok(Rendered {
            file: file.to_owned(),
            kind,
            date,
            raw: raw.map(str::to_owned),
            normal,
            sql: Unproven(sql),
            config: config.unwrap_or_default(),
            refs,
            sources,
            outcomes,
            spans,
            trace: OnceLock::new(),
        })
    }

    /// A file has a config, once at its top, which gives each key once; and a query.
    fn misconfigured(&self, file: &str, has_config: bool, is_empty: bool) -> Option<Problem> {
        if !has_config {
            let source = self.source(file);
            let first = source.find(|c: char| !c.is_whitespace()).unwrap_or(0);
            return Some(
                Problem::usage("this file has no config")
                    .at(self.at(file, first))
                    .hint("start it with `{{ config(...) }}`; README.md shows one of each kind"),
            );
        }
        self.keys(file).mistake().or_else(|| {
            is_empty.then(|| {
                Problem::usage("this file has a config and no query")
                    .at(self.config_key(file, "description"))
                    .hint("a SELECT follows the config")
            })
        })
    }

    /// The variables of a rendering, and the scope among them that its functions find.
    fn variables(&self, kind: Kind, date: Option<NaiveDate>, raw: Option<&str>) -> (Value, Value) {
        let (raw, globals) = (raw.map(str::to_owned), Arc::clone(&self.globals));
        let scope = Value::from_object(Scope { kind, date, raw, globals, calls: Mutex::default() });
        let reference_date = date.map_or(Value::UNDEFINED, |date| Value::from(format!("date '{date}'")));
        (context! { __scope => scope.clone(), reference_date, ..self.variables.clone() }, scope)
    }

    /// The tables that a file of this kind may read: `features.seller_sales`, `sources.orders`.
    pub fn readable(&self, kind: Kind) -> Vec<String> {
        let reads_sources = !matches!(kind, Kind::Model | Kind::Report | Kind::Sample);
        let sources = self.globals.sources.iter().filter(|_| reads_sources);
        let tables = self.globals.tables(kind).into_iter();
        tables.chain(sources.map(|name| format!("sources.{name}"))).collect()
    }
}

fn environment(fuel: u64) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_debug(true);
    env.set_fuel(Some(fuel));
    env.set_syntax(tokens::syntax());
    functions::register(&mut env);
    env
}
