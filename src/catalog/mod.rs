//! All tables and models of a project, and what they need.

mod select;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;

pub use select::means;

use crate::config::{ModelSpec, TableSpec};
use crate::fingerprint;
use crate::graph::{self, Needs};
use crate::problem::{Place, Problem, suggest};
use crate::project::Project;
use crate::template::{Kind, Rendered, Templates, Vars};
use crate::term;

/// Definition hashes by file, as they are stored with a version.
pub type Parts = BTreeMap<String, String>;

/// A feature store or an ABT.
#[derive(Debug, Clone)]
pub struct Node {
    /// `features.seller_sales`
    pub name: String,
    pub file: String,
    pub kind: Kind,
    pub spec: TableSpec,
    pub refs: BTreeSet<String>,
}

/// A model.
#[derive(Debug, Clone)]
pub struct Model {
    /// `seller_churn`; its table is `scores.seller_churn`.
    pub name: String,
    pub file: String,
    pub spec: ModelSpec,
    pub refs: BTreeSet<String>,
}

impl Model {
    /// `scores.seller_churn`
    pub fn table(&self) -> String {
        format!("scores.{}", self.name)
    }

    /// `models.seller_churn`: its training, where what failed is listed.
    pub fn training(&self) -> String {
        format!("models.{}", self.name)
    }
}

/// Everything a project defines.
pub struct Catalog {
    /// The project's folder; `None` for the built-in files.
    pub root: Option<PathBuf>,
    pub templates: Templates,
    pub tables: BTreeMap<String, Node>,
    pub models: BTreeMap<String, Model>,
    /// What is wrong with files that were left out.
    pub mistakes: Vec<Problem>,
    /// Names of their tables, and of those that need them.
    left_out: BTreeSet<String>,
    /// Files with texts of columns where they stood in earlier versions.
    outdated: Vec<String>,
    needs: Needs,
    /// Names of tables and scores, each after what it needs.
    pub order: Vec<String>,
    /// What was rendered already.
    rendered: Mutex<BTreeMap<(String, NaiveDate), Arc<Rendered>>>,
}

const IN_THE_QUERY: &str =
    "what a column is stands behind it in the last SELECT: `count(*) as item_count,  -- Items sold`";

/// Files of macros serve all others.
const MACROS: &str = "queries/macros/";

/// Renderings that are kept: those of a year of days take hundreds of megabytes.
const KEPT: usize = 500;

impl Catalog {
    /// Reads every file of features/, abt/ and models/, rendered at `date` to see what it refers to. Those with a mistake, and
    /// those that need one of them, are left out.
    pub fn read(project: &Project, vars: Vars, date: NaiveDate) -> Result<Self> {
        for (file, why) in project.overlooked() {
            term::warn(&format!("{file} is no table: {why}"));
        }
        let templates = Templates::new(project, vars)?;
        let mut catalog = Self {
            root: project.root.clone(),
            templates,
            tables: BTreeMap::new(),
            models: BTreeMap::new(),
            mistakes: Vec::new(),
            left_out: BTreeSet::new(),
            outdated: Vec::new(),
            needs: Needs::new(),
            order: Vec::new(),
            rendered: Mutex::default(),
        };
        let mut mistakes: Vec<(Problem, Vec<&str>)> = Vec::new();
        for (folder, kind) in [("features", Kind::Feature), ("abt", Kind::Abt), ("models", Kind::Model)] {
            for (file, name) in project.in_folder(folder) {
                let Err(error) = catalog.add(file, name, kind, date) else { continue };
                let mistake = error.downcast::<Problem>()?;
                // A mistake in a macro is one, however many files call it.
                match mistakes.iter_mut().find(|(other, _)| other.is_same(&mistake)) {
                    Some((_, others)) => others.push(file),
                    None => mistakes.push((mistake, Vec::new())),
                }
                catalog.left_out.insert(table_name(kind, name));
            }
        }
        if !catalog.outdated.is_empty() {
            let files = catalog.outdated.join(", ");
            term::warn(&format!("config `columns` is not read any more ({files}): {IN_THE_QUERY}"));
        }
        for (mut mistake, others) in mistakes {
            if !others.is_empty() {
                let (count, files) = (others.len(), others.join(", "));
                mistake.notes.push(format!("and in {count} more files that come here: {files}"));
            }
            catalog.mistakes.push(mistake);
        }
        catalog.link()?;
        Ok(catalog)
    }

    fn add(&mut self, file: &str, name: &str, kind: Kind, date: NaiveDate) -> Result<()> {
        check_name(file, name)?;
        let mut rendered = self.templates.render(file, kind, Some(date), None)?;
        if rendered.config.shift_remove("columns").is_some() {
            self.outdated.push(file.to_owned());
        }
        let source = self.templates.source(file);
        let (file, refs) = (file.to_owned(), rendered.refs.clone());
        if kind == Kind::Model {
            let spec = ModelSpec::read(&rendered, source)?;
            self.models.insert(name.to_owned(), Model { name: name.to_owned(), file, spec, refs });
        } else {
            let spec = TableSpec::read(&rendered, source, kind)?;
            let name = table_name(kind, name);
            self.tables.insert(name.clone(), Node { name, file, kind, spec, refs });
        }
        Ok(())
    }

    /// Every table and every model: its name, its file, and what it refers to.
    fn all(&self) -> impl Iterator<Item = (String, &str, &BTreeSet<String>)> {
        let tables = self.tables.values().map(|node| (node.name.clone(), node.file.as_str(), &node.refs));
        let models = self.models.values().map(|model| (model.table(), model.file.as_str(), &model.refs));
        tables.chain(models)
    }

    fn place_of_ref(&self, file: &str, name: &str) -> Place {
        Place::of_call(file, self.templates.source(file), "ref", name)
    }

    /// A step that stores share is for stores.
    fn check_intermediates(&self) -> Result<()> {
        let is_step = |name: &&String| self.tables.get(*name).is_some_and(|node| node.spec.is_intermediate);
        for (_, file, refs) in self.all().filter(|(_, file, _)| !file.starts_with("features/")) {
            let Some(step) = refs.iter().find(is_step) else { continue };
            let what = format!("`{step}` is an intermediate, for other feature stores alone");
            let hint = "join a store that is made of it, or take `intermediate` out of its config";
            return Err(Problem::usage(what).at(self.place_of_ref(file, step)).hint(hint).into());
        }
        Ok(())
    }

    fn link(&mut self) -> Result<()> {
        self.check_intermediates()?;
        // What refers to a table that was left out is left out too, with all that needs it.
        let next = |of: &Self| {
            let lacks = |need: &String| !of.tables.contains_key(need);
            of.all().find(|(.., refs)| refs.iter().any(lacks)).map(|(name, ..)| name)
        };
        while let Some(name) = next(self) {
            self.tables.remove(&name);
            self.models.retain(|_, model| model.table() != name);
            self.left_out.insert(name);
        }
        let needs: Needs = self.all().map(|(name, _, refs)| (name, refs.clone())).collect();
        self.order = graph::in_order(&needs).map_err(|circle| {
            let file = self.tables.get(&circle[0]).map_or("", |node| &node.file);
            Problem::usage(format!("tables refer to each other in a circle: {}", circle.join(" -> ")))
                .at(self.place_of_ref(file, &circle[1]))
                .hint("take one of these ref() out")
        })?;
        self.needs = needs;
        Ok(())
    }

    /// Whether `table` was left out, for a mistake in its file or in one that it needs.
    pub fn is_left_out(&self, table: &str) -> bool {
        self.left_out.contains(table)
    }

    /// All that `name` needs, without itself.
    pub fn upstream(&self, name: &str) -> BTreeSet<String> {
        let mut all = graph::upstream(name, &self.needs);
        all.remove(name);
        all
    }

    pub fn model(&self, name: &str) -> Result<&Model> {
        self.models.get(name).ok_or_else(|| {
            Problem::usage(format!("there is no model `{name}`"))
                .maybe_hint(suggest(name, self.models.keys().map(String::as_str)))
                .into()
        })
    }

    /// Renders a table or model at `date`.
    pub fn render(&self, name: &str, date: NaiveDate) -> Result<Arc<Rendered>> {
        let key = (name.to_owned(), date);
        let kept = || self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rendered) = kept().get(&key) {
            return Ok(Arc::clone(rendered));
        }
        let rendered = Arc::new(self.render_with(&self.templates, name, date)?);
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&rendered));
        Ok(rendered)
    }

    /// As `render`, by templates that differ in what their functions give.
    pub fn render_with(&self, templates: &Templates, name: &str, date: NaiveDate) -> Result<Rendered> {
        match (self.tables.get(name), name.strip_prefix("scores.").and_then(|model| self.models.get(model))) {
            (Some(node), _) => templates.render(&node.file, node.kind, Some(date), None),
            (None, Some(model)) => templates.render(&model.file, Kind::Model, Some(date), None),
            (None, None) => Err(Problem::usage(format!("there is no table `{name}`")).into()),
        }
    }

    /// The texts of the files that decide a training, by their paths: the model, all tables it needs, the macros, and what
    /// one of these names, as an `include` does.
    pub fn files_of(&self, model: &Model) -> BTreeMap<String, String> {
        let tables = self.upstream(&model.table());
        let own = tables.iter().filter_map(|name| self.tables.get(name)).map(|node| node.file.as_str());
        let mut files: BTreeSet<&str> = own.chain([model.file.as_str()]).collect();
        files.extend(self.templates.files(MACROS));
        let mut open: Vec<&str> = files.iter().copied().collect();
        while let Some(file) = open.pop() {
            let text = self.templates.source(file);
            let named = self.templates.files("").filter(|other| text.contains(other));
            let new: Vec<&str> = named.filter(|other| !files.contains(other)).collect();
            files.extend(&new);
            open.extend(new);
        }
        files.into_iter().map(|file| (file.to_owned(), self.templates.source(file).to_owned())).collect()
    }

    /// What decides a training, file by file: the model and all tables it needs.
    pub fn definition(&self, model: &Model) -> Result<(String, Parts)> {
        let own = model.table();
        let mut parts = Parts::new();
        for name in self.upstream(&own).into_iter().chain([own.clone()]) {
            let rendered = self.render(&name, fixed_date())?;
            let substance =
                self.tables.get(&name).map_or_else(|| model.spec.substance(), |t| t.spec.substance());
            parts.insert(rendered.file.clone(), fingerprint::of(&[&rendered.normal, &substance]));
        }
        Ok((fingerprint::of_named(&parts), parts))
    }
}

/// Renders at this date have the same text whenever they are made, so that only edits change it.
fn fixed_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2001, 1, 1).unwrap_or(NaiveDate::MIN)
}

/// `features.seller_sales` of `features/seller_sales.sql`, `scores.seller_churn` of `models/seller_churn.sql`.
fn table_name(kind: Kind, name: &str) -> String {
    let schema = match kind {
        Kind::Feature => "features",
        Kind::Abt => "abt",
        _ => "scores",
    };
    format!("{schema}.{name}")
}

/// A file's name is the name of a table or a view.
pub fn check_name(file: &str, name: &str) -> Result<()> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if starts && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Ok(());
    }
    let hint = "small letters, digits and _, starting with a letter: features/seller_sales.sql";
    Err(Problem::usage(format!("`{file}` cannot be the name of a table")).hint(hint).into())
}
