//! Jinja: from an analyst's file and a reference date to the SQL that runs, its config and what it refers to.

mod functions;
mod locate;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::NaiveDate;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde_json::Map;

pub use locate::SourceMap;
pub use scope::Kind;

use crate::problem::{Place, Problem};
use crate::project::Project;
use scope::Scope;

/// `--var name=value`.
pub type Vars = BTreeMap<String, String>;

/// Loops without end stop here; the largest file of the project needs a few thousand.
const FUEL: u64 = 20_000_000;
const MACROS: &str = "queries/macros";

/// All templates of a project, ready to be rendered at any reference date.
#[derive(Clone)]
pub struct Templates {
    env: Environment<'static>,
    /// What was put before each file's own text, to import the macros it uses.
    prefixes: BTreeMap<String, usize>,
    sources: BTreeMap<String, String>,
    vars: Vars,
    /// See `sealed`; empty where the SQL is to run.
    pub seal: String,
}

/// One file rendered at one reference date.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub file: String,
    pub date: Option<NaiveDate>,
    pub sql: String,
    /// The arguments of `config(...)`.
    pub config: Map<String, serde_json::Value>,
    /// What the file refers to, as `features.seller_sales`.
    pub refs: BTreeSet<String>,
    pub sources: BTreeSet<String>,
    pub outcomes: BTreeSet<String>,
    pub map: SourceMap,
}

impl Templates {
    /// Compiles every file of the project.
    ///
    /// # Errors
    /// The first file that is not valid Jinja.
    pub fn new(project: &Project, vars: Vars) -> Result<Self> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_debug(true);
        env.set_fuel(Some(FUEL));
        env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        functions::register(&mut env);
        let macros = macro_names(project);
        let mut prefixes = BTreeMap::new();
        for (file, source) in project.files() {
            let prefix = if file.starts_with(MACROS) { String::new() } else { imports(&macros, source) };
            prefixes.insert(file.to_owned(), prefix.len());
            env.add_template_owned(file.to_owned(), format!("{prefix}{source}"))
                .map_err(|error| locate::problem(&error, project.source(file), prefix.len()))?;
        }
        let sources = project.files().map(|(file, text)| (file.to_owned(), text.to_owned())).collect();
        Ok(Self { env, prefixes, sources, vars, seal: String::new() })
    }

    /// The same templates with other values for `var(...)`; what `--var` gave stays in force.
    #[must_use]
    pub fn with_vars<const N: usize>(&self, values: [(&str, u64); N]) -> Self {
        let mut vars: Vars =
            values.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
        vars.extend(self.vars.clone());
        Self { vars, ..self.clone() }
    }

    /// The same templates, whose `source`, `ref` and `outcome` put `seal` before the schema: what stands in the SQL
    /// without it was not written by them.
    #[must_use]
    pub fn sealed(&self, seal: &str) -> Self {
        Self { seal: seal.to_owned(), ..self.clone() }
    }

    /// The file's own text.
    pub fn source(&self, file: &str) -> &str {
        self.sources.get(file).map_or("", String::as_str)
    }

    /// The place of `word` in a file of the project.
    pub fn place(&self, file: &str, word: &str) -> Place {
        Place::of_word(file, self.source(file), word)
    }

    /// Renders `file` at `date` (files of sources and the sample have none).
    ///
    /// # Errors
    /// A [`Problem`] with file, line and column.
    pub fn render(
        &self,
        file: &str,
        kind: Kind,
        date: Option<NaiveDate>,
        raw: Option<&str>,
    ) -> Result<Rendered> {
        let template =
            self.env.get_template(file).map_err(|_| Problem::usage(format!("there is no file `{file}`")))?;
        let scope = Value::from_object(Scope::new(kind, date, raw, self.vars.clone(), &self.seal));
        let reference_date = date.map_or(Value::UNDEFINED, |date| Value::from(format!("date '{date}'")));
        let given = context! { __scope => scope.clone(), reference_date };
        let (sql, spans) = template.render_with_spans(given).map_err(|error| {
            let name = error.name().unwrap_or(file).to_owned();
            let skip = self.prefixes.get(&name).copied().unwrap_or(0);
            let mut problem = locate::problem(&error, self.sources.get(&name).map(String::as_str), skip);
            problem.date = date;
            problem
        })?;
        let trace = scope.downcast_object_ref::<Scope>().map(Scope::trace).unwrap_or_default();
        let Some(config) = trace.config else {
            return Err(Problem::usage("this file has no config")
                .at(Place { file: file.to_owned(), line: 1, column: 0, text: first_line(self.source(file)) })
                .hint("start it with `{{ config(...) }}`; README.md shows one of each kind")
                .into());
        };
        Ok(Rendered {
            file: file.to_owned(),
            date,
            sql,
            config,
            refs: trace.refs,
            sources: trace.sources,
            outcomes: trace.outcomes,
            map: SourceMap::new(&spans, &self.prefixes),
        })
    }
}

fn first_line(source: &str) -> String {
    source.lines().next().unwrap_or_default().to_owned()
}

/// The macros of queries/macros, with the file that has each.
fn macro_names(project: &Project) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (file, source) in project.files().filter(|(file, _)| file.starts_with(MACROS)) {
        for piece in source.split("{%").skip(1) {
            let piece = piece.trim_start_matches('-').trim_start();
            if let Some(rest) = piece.strip_prefix("macro ") {
                let name: String =
                    rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                names.insert(name, file.to_owned());
            }
        }
    }
    names
}

/// Jinja that imports the macros whose names occur in `source`. It stays on the file's first line, so that lines
/// keep their numbers.
fn imports(macros: &BTreeMap<String, String>, source: &str) -> String {
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, file) in macros {
        if source.contains(name.as_str()) {
            wanted.entry(file).or_default().push(name);
        }
    }
    let lines =
        wanted.iter().map(|(file, names)| format!("{{% from '{file}' import {} %}}", names.join(", ")));
    lines.collect()
}
