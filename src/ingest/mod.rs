//! Loading the sources: Kaggle's files, or the synthetic marketplace, in one transaction.

mod as_of;
mod cells;
mod check;
mod csv;
mod data_until;
mod file;
mod folder;
mod header;
mod history;
mod kept;
mod load;
mod raw;
mod sample;
mod summary;
mod synthetic;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use chrono::NaiveDate;

pub use as_of::{as_of_select, check_moments, loaded_select};
pub use data_until::data_until;
pub use history::Loads;
pub use kept::raw_rows;
pub use load::current_versions;
pub use summary::Summary;
pub use synthetic::{SYNTHETIC, is_synthetic, mark as mark_synthetic};

use crate::config::{SourceSpec, source_file};
use crate::graph;
use crate::guard::Reach;
use crate::problem::{Place, Problem};
use crate::project::Project;
use crate::template::{Kind, Rendered, Templates};
use crate::term::{self, Progress};
use crate::warehouse::{SqlError, Warehouse, ident};
use file::RawFile;

/// Where the sources come from.
#[derive(Debug, Clone)]
pub enum Origin {
    Folder(PathBuf),
    Sample { orders: u64, seed: u64 },
}

/// One source, ready to be loaded.
pub struct Source {
    name: String,
    spec: SourceSpec,
    rendered: Rendered,
    /// `None` for the sample.
    file: Option<RawFile>,
    digest: String,
    /// Names how it is read, whatever is in its file.
    definition: String,
    /// Names the content: the digest, this source's own SQL, and the sources it is made with.
    version: String,
}

impl Source {
    fn table(&self) -> String {
        format!("sources.{}", ident(&self.name))
    }
}

/// What one source is loaded with.
#[derive(Clone, Copy)]
struct Loader<'a> {
    warehouse: &'a Warehouse,
    templates: &'a Templates,
    source: &'a Source,
}

impl Loader<'_> {
    /// Of the table, as it is loaded.
    fn columns(self) -> Result<Vec<(String, String)>, SqlError> {
        self.warehouse.shape(&format!("sources.{}", self.source.name))
    }

    /// The entry of a column in the source's config.
    fn column_place(self, column: &str) -> Place {
        self.templates.config_key(&self.source.rendered.file, &format!("columns.{column}"))
    }
}

/// Loads what changed since the last load.
///
/// # Errors
/// A [`Problem`] that names file, line, column and value; the last good load stays.
pub fn ingest(
    warehouse: &Warehouse,
    project: &Project,
    templates: &Templates,
    origin: &Origin,
    until: Option<NaiveDate>,
    force: bool,
) -> Result<Summary> {
    let sources = sources(project, templates, origin)?;
    let current = current_versions(warehouse)?;
    let changed: Vec<&Source> =
        sources.iter().filter(|source| current.get(&source.name) != Some(&source.version)).collect();
    let unchanged = changed.is_empty() && current.len() == sources.len();
    // A day that was set by hand holds until the next load, also of the same files.
    if unchanged && data_until::set_by_hand(warehouse)? == until {
        return summary::read(warehouse, templates, &sources, Vec::new(), true);
    }
    let progress = Progress::new(2 * changed.len(), "load");
    raw::read(warehouse, templates, &changed, &progress)?;
    if let (Origin::Sample { orders, seed }, false) = (origin, unchanged) {
        sample::generate(warehouse, project, templates, *orders, *seed)?;
    }
    check_reach(warehouse, templates, &changed)?;
    let mut differences = Vec::new();
    warehouse.transaction(|| {
        for source in &changed {
            progress.working_on(&source.name);
            let difference = Loader { warehouse, templates, source }.load(force)?;
            differences.extend(difference.map(|difference| (source.name.clone(), difference)));
            progress.step();
        }
        load::forget_missing(warehouse, &sources)?;
        data_until::set(warehouse, until, matches!(origin, Origin::Sample { .. }))
    })?;
    drop(progress);
    raw::forget(warehouse)?;
    sample::forget(warehouse)?;
    summary::read(warehouse, templates, &sources, differences, false)
}

/// Every source that there are rows of, in the order in which they are loaded.
fn sources(project: &Project, templates: &Templates, origin: &Origin) -> Result<Vec<Source>> {
    let specs = in_order(project, templates)?;
    let mut files = match origin {
        Origin::Folder(folder) => folder::find(folder, &specs)?,
        Origin::Sample { .. } => BTreeMap::new(),
    };
    let mut sources: Vec<Source> = Vec::new();
    for Known { name, spec, rendered: plain } in specs {
        let (file, digest, relation) = match origin {
            Origin::Folder(_) => {
                let Some(file) = files.remove(&name) else { continue };
                let digest = file.digest.clone();
                (Some(file), digest, cells::relation(&name, &spec))
            }
            Origin::Sample { orders, seed } => {
                let digest = sample::digest(project, templates, &name, *orders, *seed)?;
                (None, digest, sample::relation(&name, &spec))
            }
        };
        let rendered = templates.render(&source_file(&name), Kind::Source, None, Some(&relation))?;
        let made_with = sources.iter().filter(|other| rendered.sources.contains(&other.name));
        let parts: Vec<&str> = made_with.map(|other| other.version.as_str()).collect();
        let version = load::version(&plain, &digest, &parts);
        let definition = load::version(&plain, "", &[]);
        sources.push(Source { name, spec, rendered, file, digest, definition, version });
    }
    Ok(sources)
}

/// A source reads its raw file and other sources. What does not even run is told by what loads it.
fn check_reach(warehouse: &Warehouse, templates: &Templates, sources: &[&Source]) -> Result<()> {
    let texts: Vec<&str> = sources.iter().map(|source| &*source.rendered.sql).collect();
    let reach = Reach::new(warehouse, templates, &texts.concat())?;
    for Source { rendered, .. } in sources {
        let runs = || rendered.select().is_ok_and(|select| warehouse.describe(&select).is_ok());
        match reach.source(&rendered.file)?.into_iter().next() {
            Some(problem) if runs() => return Err(problem.into()),
            _ => {}
        }
    }
    Ok(())
}

/// A source as its file says, before anything is read.
pub struct Known {
    pub name: String,
    pub spec: SourceSpec,
    /// With `raw` for the raw file, whose path says nothing about its content.
    pub rendered: Rendered,
}

fn read_all(project: &Project, templates: &Templates) -> Result<BTreeMap<String, Known>> {
    let mut all = BTreeMap::new();
    for (file, name) in project.in_folder("queries/sources") {
        let rendered = templates.render(file, Kind::Source, None, Some("raw"))?;
        let spec = SourceSpec::read(&rendered, templates.source(file))?;
        all.insert(name.to_owned(), Known { name: name.to_owned(), spec, rendered });
    }
    if all.is_empty() {
        return Err(Problem::usage("there are no sources in queries/sources/").into());
    }
    Ok(all)
}

/// The config of every source of the project, by name.
pub fn specs(project: &Project, templates: &Templates) -> Result<BTreeMap<String, SourceSpec>> {
    Ok(read_all(project, templates)?.into_iter().map(|(name, known)| (name, known.spec)).collect())
}

/// Every source of the project, each after those that it is made with.
pub fn in_order(project: &Project, templates: &Templates) -> Result<Vec<Known>> {
    let mut all = read_all(project, templates)?;
    let needs = all.iter().map(|(name, known)| (name.clone(), known.rendered.sources.clone())).collect();
    let order = graph::in_order(&needs).map_err(|cycle| {
        let file = source_file(&cycle[0]);
        Problem::usage(format!("sources are made from each other in a circle: {}", cycle.join(" -> ")))
            .at(Place::of_call(&file, templates.source(&file), "source", &cycle[1]))
            .hint("raw() is the file that a source is read from; take one of these source() out")
    })?;
    Ok(order.iter().filter_map(|name| all.remove(name)).collect())
}

/// The sources whose files were edited after they were loaded: the edit has no effect yet.
pub fn edited(warehouse: &Warehouse, project: &Project, templates: &Templates) -> Result<Vec<String>> {
    edited_of(warehouse, &in_order(project, templates)?)
}

fn edited_of(warehouse: &Warehouse, specs: &[Known]) -> Result<Vec<String>> {
    let sql = "select source, version, digest from pipeline.loads where is_current order by source";
    let loaded: Vec<(String, String, String)> = warehouse.rows(sql, &[], |row| row.try_into())?;
    let version = |name: &str| Some(loaded.iter().find(|(other, ..)| other == name)?.1.as_str());
    let is_edited = |(name, loaded, digest): &&(String, String, String)| {
        specs.iter().find(|known| known.name == *name).is_some_and(|Known { rendered, .. }| {
            let parts = specs.iter().filter(|other| rendered.sources.contains(&other.name));
            let parts: Vec<&str> = parts.filter_map(|other| version(&other.name)).collect();
            load::version(rendered, digest, &parts) != *loaded
        })
    };
    Ok(loaded.iter().filter(is_edited).map(|(name, ..)| name.clone()).collect())
}

/// Says so where a source's file was edited after it was loaded. What `source` reads is the project's: a database may
/// have come with other macros under these names.
pub fn check_sources(warehouse: &Warehouse, project: &Project, templates: &Templates) -> Result<()> {
    let specs = in_order(project, templates)?;
    let edited = edited_of(warehouse, &specs)?;
    let loaded = current_versions(warehouse)?;
    for name in &edited {
        let what = "was edited after it was loaded: `olist ingest` puts the edit into effect";
        term::warn(&format!("{} {what}", source_file(name)));
    }
    let is_same = |known: &Known| loaded.contains_key(&known.name) && !edited.contains(&known.name);
    let same = specs.into_iter().filter(is_same).map(|known| (known.name, known.spec)).collect();
    for (name, spec) in as_of::others(warehouse, &same)? {
        let file = source_file(name);
        term::warn(&format!("sources.{name}_as_of was not what {file} says: it is made again"));
        as_of::create(warehouse, name, spec)?;
    }
    Ok(())
}

/// Tells the user where the data come from, before a newcomer's first run loads the sample.
pub fn announce_sample(orders: u64) {
    term::note(&format!(
        "there is no database yet: loading the synthetic marketplace ({} orders); \
         `olist ingest DIR` loads Kaggle's files instead",
        term::thousands(orders)
    ));
}
