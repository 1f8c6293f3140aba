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

use std::collections::{BTreeMap, BTreeSet};
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
use crate::warehouse::{Warehouse, ident};
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

    /// The entry of a column in the source's config.
    fn column_place(&self, templates: &Templates, column: &str) -> Place {
        templates.config_key(&self.rendered.file, &format!("columns.{column}"))
    }

    fn has_key_in_file(&self) -> bool {
        self.spec
            .key
            .iter()
            .all(|key| self.spec.in_file().any(|column| column.name.eq_ignore_ascii_case(key)))
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
    for source in &changed {
        progress.working_on(&source.name);
        source.file.as_ref().map_or(Ok(()), |file| raw::read(warehouse, templates, source, file))?;
        progress.step();
    }
    if let (Origin::Sample { orders, seed }, false) = (origin, unchanged) {
        sample::generate(warehouse, project, templates, *orders, *seed)?;
    }
    check_reach(warehouse, templates, &changed)?;
    let mut differences = Vec::new();
    warehouse.transaction(|| {
        for source in &changed {
            progress.working_on(&source.name);
            let difference = load::load(warehouse, templates, source, force)?;
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
    let specs = read_specs(project, templates)?;
    let mut files = match origin {
        Origin::Folder(folder) => folder::find(folder, &specs)?,
        Origin::Sample { .. } => BTreeMap::new(),
    };
    let mut sources: Vec<Source> = Vec::new();
    for name in load_order(&specs, templates)? {
        let known = &specs[&name];
        let (file, digest, relation) = match origin {
            Origin::Folder(_) => {
                let Some(file) = files.remove(&name) else { continue };
                let digest = file.digest.clone();
                (Some(file), digest, cells::relation(&name, &known.spec))
            }
            Origin::Sample { orders, seed } => {
                let digest = sample::digest(project, templates, &name, *orders, *seed)?;
                (None, digest, sample::relation(&name, &known.spec))
            }
        };
        let rendered = templates.render(&source_file(&name), Kind::Source, None, Some(&relation))?;
        let made_with = sources.iter().filter(|other| rendered.sources.contains(&other.name));
        let parts: Vec<&str> = made_with.map(|other| other.version.as_str()).collect();
        let version = load::version(&known.rendered, &digest, &parts);
        let definition = load::version(&known.rendered, "", &[]);
        sources.push(Source { name, spec: known.spec.clone(), rendered, file, digest, definition, version });
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
    pub spec: SourceSpec,
    /// The other sources it is made with.
    needs: Vec<String>,
    /// The file's SQL with `raw` for the raw file, whose path says nothing about its content.
    rendered: Rendered,
}

type Specs = BTreeMap<String, Known>;

/// The config of every source of the project, by name.
pub fn specs(project: &Project, templates: &Templates) -> Result<BTreeMap<String, SourceSpec>> {
    Ok(read_specs(project, templates)?.into_iter().map(|(name, known)| (name, known.spec)).collect())
}

/// Every source of the project with its config and the sources it is made with, each after those.
pub fn in_order(
    project: &Project,
    templates: &Templates,
) -> Result<Vec<(String, SourceSpec, BTreeSet<String>)>> {
    let mut specs = read_specs(project, templates)?;
    let order = load_order(&specs, templates)?;
    let take = |name: String| {
        let Known { spec, needs, .. } = specs.remove(&name)?;
        Some((name, spec, needs.into_iter().collect()))
    };
    Ok(order.into_iter().filter_map(take).collect())
}

/// The sources whose files were edited after they were loaded: the edit has no effect yet.
pub fn edited(warehouse: &Warehouse, project: &Project, templates: &Templates) -> Result<Vec<String>> {
    edited_of(warehouse, &read_specs(project, templates)?, templates)
}

fn edited_of(warehouse: &Warehouse, specs: &Specs, templates: &Templates) -> Result<Vec<String>> {
    let sql = "select source, version, digest from pipeline.loads where is_current";
    let loaded = warehouse.rows(sql, &[], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let loaded: BTreeMap<String, (String, String)> = loaded.into_iter().collect();
    let order = load_order(specs, templates)?;
    let is_edited = |(name, (version, digest)): &(&String, &(String, String))| {
        specs.get(*name).is_some_and(|known| {
            let needs = order.iter().filter(|other| known.needs.contains(*other));
            let parts: Vec<&str> = needs.filter_map(|other| Some(loaded.get(other)?.0.as_str())).collect();
            load::version(&known.rendered, digest, &parts) != **version
        })
    };
    Ok(loaded.iter().filter(is_edited).map(|(name, _)| name.clone()).collect())
}

/// Says so where a source's file was edited after it was loaded. What `source` reads is the project's: a database may
/// have come with other macros under these names.
pub fn check_sources(warehouse: &Warehouse, project: &Project, templates: &Templates) -> Result<()> {
    let specs = read_specs(project, templates)?;
    let edited = edited_of(warehouse, &specs, templates)?;
    let loaded = current_versions(warehouse)?;
    for name in &edited {
        let what = "was edited after it was loaded: `olist ingest` puts the edit into effect";
        term::warn(&format!("{} {what}", source_file(name)));
    }
    let unedited = specs.into_iter().filter(|(name, _)| loaded.contains_key(name) && !edited.contains(name));
    let unedited = unedited.map(|(name, known)| (name, known.spec)).collect();
    for (name, spec) in as_of::others(warehouse, &unedited)? {
        let file = source_file(name);
        term::warn(&format!("sources.{name}_as_of was not what {file} says: it is made again"));
        as_of::create(warehouse, name, spec)?;
    }
    Ok(())
}

fn read_specs(project: &Project, templates: &Templates) -> Result<Specs> {
    let mut specs = Specs::new();
    for (file, name) in project.in_folder("queries/sources") {
        let rendered = templates.render(file, Kind::Source, None, Some("raw"))?;
        let spec = SourceSpec::read(&rendered, templates.source(file))?;
        let needs = rendered.sources.iter().cloned().collect();
        specs.insert(name.to_owned(), Known { spec, needs, rendered });
    }
    if specs.is_empty() {
        return Err(Problem::usage("there are no sources in queries/sources/").into());
    }
    Ok(specs)
}

fn load_order(specs: &Specs, templates: &Templates) -> Result<Vec<String>> {
    let needs =
        specs.iter().map(|(name, known)| (name.clone(), known.needs.iter().cloned().collect())).collect();
    graph::in_order(&needs).map_err(|cycle| {
        let file = source_file(&cycle[0]);
        Problem::usage(format!("sources are made from each other in a circle: {}", cycle.join(" -> ")))
            .at(Place::of_call(&file, templates.source(&file), "source", &cycle[1]))
            .hint("raw() is the file that a source is read from; take one of these source() out")
            .into()
    })
}

/// Tells the user where the data come from, before a newcomer's first run loads the sample.
pub fn announce_sample(orders: u64) {
    term::note(&format!(
        "there is no database yet: loading the synthetic marketplace ({} orders); \
         `olist ingest DIR` loads Kaggle's files instead",
        term::thousands(orders)
    ));
}
