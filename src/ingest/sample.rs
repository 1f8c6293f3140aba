//! The synthetic marketplace: the files of queries/sample/, run beside the warehouse in memory.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::config::{Config, Described, SourceSpec};
use crate::diagnose::analyst;
use crate::fingerprint;
use crate::graph::{self, Needs};
use crate::problem::Problem;
use crate::project::Project;
use crate::template::{Kind, Rendered, Templates};
use crate::term::Progress;
use crate::warehouse::{Warehouse, ident, joined};

const FOLDER: &str = "queries/sample";

/// Names what the source `name` is made of.
pub fn digest(
    project: &Project,
    templates: &Templates,
    name: &str,
    orders: u64,
    seed: u64,
) -> Result<String> {
    let file = format!("{FOLDER}/{name}.sql");
    if project.source(&file).is_none() {
        return Err(Problem::usage(format!("the sample has no file `{file}` for the source `{name}`")).into());
    }
    let files = project.files().filter(|(path, _)| path.starts_with(FOLDER));
    let (orders, seed) = (orders.to_string(), seed.to_string());
    let mut parts = vec![orders.as_str(), seed.as_str()];
    parts.extend(files.map(|(path, _)| templates.source(path)));
    Ok(fingerprint::of(&parts))
}

/// What `raw()` renders to.
pub fn relation(name: &str, spec: &SourceSpec) -> String {
    let columns = spec.in_file().map(|column| ident(&column.name));
    format!("(select {} from memory.sample.{})", joined(columns, ", "), ident(name))
}

/// Runs the files in the order in which they refer to each other.
pub fn generate(
    warehouse: &Warehouse,
    project: &Project,
    templates: &Templates,
    orders: u64,
    seed: u64,
) -> Result<()> {
    let templates = templates.with_vars(&[("orders", orders), ("seed", seed)]);
    let mut all: BTreeMap<&str, Rendered> = BTreeMap::new();
    let mut needs = Needs::new();
    for (file, name) in project.in_folder(FOLDER) {
        let rendered = templates.render(file, Kind::Sample, None, None)?;
        Config::new(&rendered, templates.source(file)).read::<Described>()?;
        let refs: BTreeSet<String> =
            rendered.refs.iter().filter_map(|name| name.strip_prefix("sample.")).map(str::to_owned).collect();
        needs.insert(name.to_owned(), refs);
        all.insert(name, rendered);
    }
    let order = graph::in_order(&needs)
        .map_err(|circle| Problem::usage(format!("sample files need each other: {}", circle.join(" -> "))))?;
    let progress = Progress::new(order.len(), "sample");
    warehouse.batch("create or replace schema memory.sample")?;
    for name in order {
        progress.working_on(&name);
        let rendered = &all[&*name];
        let head = format!("create table memory.sample.{} as\n", ident(&name));
        let explain = |error| analyst(warehouse, error, rendered, &templates);
        let select = rendered.select().map_err(explain)?;
        warehouse.run(&select.within(&head, "")).map_err(explain)?;
        progress.step();
    }
    Ok(())
}

/// Frees the memory of the raw tables.
pub fn forget(warehouse: &Warehouse) -> Result<()> {
    Ok(warehouse.batch("drop schema if exists memory.sample cascade")?)
}
