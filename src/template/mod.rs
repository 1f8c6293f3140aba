//! Jinja: from an analyst's file and a reference date to the SQL that runs, its config and what it refers to.

pub mod config;
mod functions;
mod locate;
mod scope;
pub mod tags;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Result;
use chrono::NaiveDate;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde_json::Map;

pub use locate::SourceMap;
pub use scope::Kind;

use crate::problem::{Place, Problem};
use crate::project::Project;
use crate::term;
use scope::Scope;
use trace::{Marks, Trace};

/// `--var name=value`.
pub type Vars = BTreeMap<String, String>;

/// Loops without end stop here; the largest file of the project needs a few thousand.
const FUEL: u64 = 2_000_000;
/// Bytes of SQL that a template may give; DuckDB would take minutes to read more.
const LARGEST: usize = 4 << 20;
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
    pub kind: Kind,
    pub date: Option<NaiveDate>,
    /// What `raw()` gave, in a source file.
    pub raw: Option<String>,
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
        on_a_deep_stack(|| Self::compile(project, vars))
    }

    fn compile(project: &Project, vars: Vars) -> Result<Self> {
        let mut env = environment(FUEL)?;
        let macros = macro_names(project);
        let mut prefixes = BTreeMap::new();
        for (file, source) in project.files() {
            let prefix = imports(&seen_by(file, &macros, project), source);
            prefixes.insert(file.to_owned(), prefix.len());
            check_tags(file, source)?;
            env.add_template_owned(file.to_owned(), format!("{prefix}{source}"))
                .map_err(|error| locate::syntax(&error, file, source, prefix.len()))?;
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

    /// The place of the key or item of `config(...)` at `path`, as `checks.2`; else of `config` itself.
    pub fn config_key(&self, file: &str, path: &str) -> Place {
        let source = self.source(file);
        config::place(file, source, path)
            .or_else(|| config::call(file, source))
            .unwrap_or_else(|| Place::at_offset(file, source, 0))
    }

    /// The place of byte `offset` of the text that stands in `config(...)` at `path`.
    pub fn in_config(&self, file: &str, path: &str, offset: usize) -> Place {
        let found = config::value_place(file, self.source(file), path, offset);
        found.unwrap_or_else(|| self.config_key(file, path))
    }

    /// The last place of `word` in the SQL of a file, where a column gets its name; else of the letters of it that stand
    /// beside a `{{ … }}`, where a loop makes the rest.
    pub fn last_mention(&self, file: &str, word: &str) -> Place {
        let source = self.source(file);
        let pieces = tags::pieces(source);
        let texts = pieces.iter().filter(|piece| piece.sort == tags::Sort::Text);
        let last = texts.flat_map(|piece| {
            tags::mentions(piece.text, word).map(|at| piece.start + at).collect::<Vec<_>>()
        });
        let found = last.last().or_else(|| tags::in_part(&pieces, word));
        found.map_or_else(|| self.place(file, word), |at| Place::at_offset(file, source, at))
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
        let (given, scope) = self.given(kind, date, raw);
        let watch = Watch::start(file, date);
        let rendered = template.render_with_spans(given);
        drop(watch);
        let (sql, spans) = rendered.map_err(|error| {
            let marks = self.marked(file, kind, date, raw).map(|(_, marks)| marks);
            locate::problem(&error, self, marks.as_deref()).at_least(file, self.source(file)).maybe_on(date)
        })?;
        if sql.len() > LARGEST {
            return Err(too_large(self, file, &sql, &spans).maybe_on(date).into());
        }
        let trace = scope.downcast_object_ref::<Scope>().map(Scope::trace).unwrap_or_default();
        let Some(config) = trace.config else {
            return Err(Problem::usage("this file has no config")
                .at(Place { file: file.to_owned(), line: 1, column: 0, text: first_line(self.source(file)) })
                .hint("start it with `{{ config(...) }}`; README.md shows one of each kind")
                .into());
        };
        if sql.trim().is_empty() && kind != Kind::Source {
            return Err(Problem::usage("this file has a config and no query")
                .at(self.config_key(file, "description"))
                .maybe_on(date)
                .hint("a SELECT follows the config")
                .into());
        }
        Ok(Rendered {
            file: file.to_owned(),
            kind,
            date,
            raw: raw.map(str::to_owned),
            sql,
            config,
            refs: trace.refs,
            sources: trace.sources,
            outcomes: trace.outcomes,
            map: SourceMap::new(&spans, &self.prefixes),
        })
    }

    /// What a rendering gets: the variables of the file, and the scope that its functions find.
    fn given(&self, kind: Kind, date: Option<NaiveDate>, raw: Option<&str>) -> (Value, Value) {
        let scope = Value::from_object(Scope::new(kind, date, raw, self.vars.clone(), &self.seal));
        let reference_date = date.map_or(Value::UNDEFINED, |date| Value::from(format!("date '{date}'")));
        (context! { __scope => scope.clone(), reference_date }, scope)
    }

    /// The tables that the project's files make: `sources.orders`, `features.seller_sales`.
    pub fn tables(&self) -> Vec<String> {
        const FOLDERS: [(&str, &str); 4] = [
            ("queries/sources/", "sources"),
            ("features/", "features"),
            ("abt/", "abt"),
            ("models/", "scores"),
        ];
        let table = |file: &String| {
            FOLDERS.iter().find_map(|(folder, schema)| {
                let name = file.strip_prefix(folder)?.strip_suffix(".sql")?;
                Some(format!("{schema}.{name}"))
            })
        };
        self.sources.keys().filter_map(table).collect()
    }

    /// Where byte `offset` of the SQL came from, with the calls and iterations that made it.
    pub fn locate(&self, rendered: &Rendered, offset: usize) -> Option<Located> {
        self.locate_seam(rendered, offset, offset)
    }

    /// As `locate`, for a mistake between what stands at byte `before` of the SQL and what stands at `offset`: where a
    /// `{{ … }}` begins between them, it is the place, and not the macro that it calls.
    pub fn locate_seam(&self, rendered: &Rendered, before: usize, offset: usize) -> Option<Located> {
        let Rendered { file, kind, date, raw, sql, .. } = rendered;
        let trace = self
            .marked(file, *kind, *date, raw.as_deref())
            .and_then(|(marked, marks)| Some(Trace::read(&marked.ok()?, &marks)))
            .filter(|trace| trace.sql == *sql);
        if let Some(trace) = trace {
            let spots = trace.spots(offset);
            let located = match trace.spots(before).first() {
                Some(first) if spots.len() > 1 && spots.first() != Some(first) => {
                    Some(locate::call(self, &spots))
                }
                _ => locate::unfold(self, sql, offset, &spots),
            };
            if located.is_some() {
                return located;
            }
        }
        let (file, at) = rendered.map.origin(offset)?;
        Some(Located { place: Place::at_offset(file, self.source(file), at), notes: Vec::new() })
    }

    /// Renders `file` with marks in it: only when something failed.
    fn marked(
        &self,
        file: &str,
        kind: Kind,
        date: Option<NaiveDate>,
        raw: Option<&str>,
    ) -> Option<(Result<String, minijinja::Error>, Arc<Marks>)> {
        on_a_deep_stack(|| self.render_marked(file, kind, date, raw))
    }

    fn render_marked(
        &self,
        file: &str,
        kind: Kind,
        date: Option<NaiveDate>,
        raw: Option<&str>,
    ) -> Option<(Result<String, minijinja::Error>, Arc<Marks>)> {
        let mut env = environment(FUEL * 4).ok()?;
        let mut marks = Marks::default();
        for (file, source) in &self.sources {
            let template = self.env.get_template(file).ok()?;
            let imports = &template.source()[..*self.prefixes.get(file)?];
            let text = format!("{imports}{}", marks.instrument(file, source));
            env.add_template_owned(file.clone(), text).ok()?;
        }
        let marks = Arc::new(marks);
        trace::register(&mut env, &marks);
        let (given, _) = self.given(kind, date, raw);
        Some((env.get_template(file).ok()?.render(given), marks))
    }
}

/// A place, and what led to it: `called at …`, `in the 3rd iteration of …`.
#[derive(Debug, Clone)]
pub struct Located {
    pub place: Place,
    pub notes: Vec<String>,
}

fn environment(fuel: u64) -> Result<Environment<'static>> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_debug(true);
    env.set_fuel(Some(fuel));
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    functions::register(&mut env);
    Ok(env)
}

/// A template renders in milliseconds. What doubles a list sixty times uses no fuel, and would never end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the program when a template does not come to an end. What was built before stays, as after a kill.
struct Watch {
    _end: mpsc::Sender<()>,
}

impl Watch {
    fn start(file: &str, date: Option<NaiveDate>) -> Self {
        let (end, ended) = mpsc::channel();
        let problem = Problem::usage(format!(
            "`{file}` does not come to an end: {} s were not enough",
            PATIENCE.as_secs()
        ))
        .maybe_on(date)
        .hint("is there a loop that makes a text or a list longer each time? what was built before stays");
        std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                term::error(&problem.to_string());
                std::process::exit(2);
            }
        });
        Self { _end: end }
    }
}

/// Characters of code in one tag, texts in quotes not counted.
const LONGEST_TAG: usize = 16_000;
/// Enough for a tag of nothing but operators, each inside the one before.
const STACK: usize = 256 << 20;

/// Jinja is read by functions that call themselves.
fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let deep = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        match deep.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => std::panic::panic_any(format!("could not start a thread: {error}")),
        }
    })
}

fn check_tags(file: &str, source: &str) -> Result<()> {
    for piece in tags::pieces(source) {
        if matches!(piece.sort, tags::Sort::Expression | tags::Sort::Statement)
            && tags::code_length(piece.text) > LONGEST_TAG
        {
            return Err(Problem::usage(format!("this tag has more than {LONGEST_TAG} characters of code"))
                .at(Place::at_offset(file, source, piece.start))
                .hint("split it with `{% set … %}`, or let the SQL say it")
                .into());
        }
    }
    Ok(())
}

/// More SQL than anything reads, at the expression or text that gave most of it.
fn too_large(templates: &Templates, file: &str, sql: &str, spans: &[minijinja::OutputSpan]) -> Problem {
    let mut sizes: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for span in spans {
        *sizes.entry((span.name(), span.source_range().start)).or_default() += span.output_range().len();
    }
    let largest = sizes.into_iter().max_by_key(|(_, size)| *size).map_or((file, 0), |(place, _)| place);
    let (name, start) = largest;
    let offset = start.saturating_sub(templates.prefixes.get(name).copied().unwrap_or(0));
    Problem::usage(format!("this template gives {} MB of SQL", sql.len() >> 20))
        .at(Place::at_offset(name, templates.source(name), offset))
        .hint("4 MB is the most: make a loop shorter, or let the database do the repetition")
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

/// The macros that `file` can call. A file of macros can call those of another, unless that one needs it in turn: two
/// that import each other would never end.
fn seen_by(file: &str, macros: &BTreeMap<String, String>, project: &Project) -> BTreeMap<String, String> {
    let needs = |of: &str| -> BTreeSet<&str> {
        let text = project.source(of).unwrap_or_default();
        macros
            .iter()
            .filter(|(name, other)| other.as_str() != of && text.contains(name.as_str()))
            .map(|(_, other)| other.as_str())
            .collect()
    };
    let reaches_back = |of: &str| {
        let mut known = needs(of);
        while !known.contains(file) {
            let more: BTreeSet<&str> =
                known.iter().flat_map(|of| needs(of)).chain(known.iter().copied()).collect();
            if more.len() == known.len() {
                return false;
            }
            known = more;
        }
        true
    };
    let is_library = file.starts_with(MACROS);
    let is_seen = |of: &str| !is_library || (of != file && !reaches_back(of));
    macros.iter().filter(|(_, of)| is_seen(of)).map(|(name, of)| (name.clone(), of.clone())).collect()
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
