//! `olist lake push`, and the lake that a run works on.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use super::Session;
use crate::catalog::Catalog;
use crate::cli::Server;
use crate::config::source_file;
use crate::ingest;
use crate::output::Table;
use crate::partitions::lake::{Given, Lake};
use crate::partitions::{Ledger, source_folder};
use crate::portable;
use crate::problem::Problem;
use crate::reports::{self, Report};
use crate::spark::Spark;
use crate::warehouse::{Warehouse, ident, path};

/// Types that parquet and Spark have as well, by the start of their names.
const TYPES: [&str; 13] = [
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "VARCHAR",
    "DATE",
];

pub fn push(session: &Session, lake: &str) -> Result<()> {
    if lake.contains("://") {
        return Err(Problem::usage(format!("`olist lake push` writes to a folder, and `{lake}` is none"))
            .hint("write to a folder, and copy it there as the provider does: `aws s3 sync DIR s3://…`; `olist run` takes either")
            .into());
    }
    let root = root(lake)?;
    fs::create_dir_all(&root).with_context(|| format!("could not make the folder `{root}`"))?;
    let warehouse = session.open_whole(vec![root.clone().into()])?;
    let mut table = Table::new(&["source", "rows", "folder", "result"]);
    for (name, version) in ingest::current_versions(&warehouse)? {
        let folder = source_folder(&root, &name, &version);
        let file = Path::new(&folder).join("rows.parquet");
        let is_there = file.exists();
        if !is_there {
            check_types(&warehouse, &name)?;
            write(&warehouse, &name, &file)?;
        }
        let count = format!("select count(*) from sources.{}", ident(&name));
        let rows: i64 = warehouse.row(&count, &[], |row| row.get(0))?.unwrap_or(0);
        table.row(&[&name, &rows, &folder, if is_there { &"was there" } else { &"written" }]);
    }
    table.print(session.options.format)
}

/// The file is there when all of it is.
fn write(warehouse: &Warehouse, source: &str, file: &Path) -> Result<()> {
    let draft = file.with_extension("draft");
    fs::create_dir_all(path::folder(file))?;
    let target = path::literal(&draft)?;
    warehouse.batch(&format!("copy sources.{} to {target} (format parquet)", ident(source)))?;
    File::open(&draft)?.sync_all()?;
    fs::rename(&draft, file).with_context(|| format!("could not write `{}`", file.display()))
}

/// Others would come back as something else, and say nothing.
fn check_types(warehouse: &Warehouse, source: &str) -> Result<()> {
    let columns = warehouse.columns(&format!("sources.{source}"))?;
    let is_known =
        |of: &str| of == "TIMESTAMP" || TYPES.iter().any(|known| of.starts_with(known) && !of.ends_with(']'));
    let Some((name, other)) = columns.iter().find(|(_, of)| !is_known(of)) else { return Ok(()) };
    Err(Problem::usage(format!(
        "sources.{source}.{name} is {other}, which Spark does not have as DuckDB has it"
    ))
    .hint(format!("give it another type in {}: a number, a date, a timestamp or a text", source_file(source)))
    .into())
}

/// The lake that is meant; the rows of the tables of `home` come back.
pub fn lake(
    session: &Session,
    server: &Server,
    warehouse: &Warehouse,
    home: BTreeSet<String>,
) -> Result<Lake> {
    let lacking = |what: &str| {
        Problem::usage(format!("--engine spark needs {what}")).hint("docs/spark.md says how to begin")
    };
    let remote =
        server.remote.as_deref().ok_or_else(|| lacking("--remote sc://HOST:PORT (or OLIST_REMOTE)"))?;
    let folder = server.lake.as_deref().ok_or_else(|| lacking("--lake DIR (or OLIST_LAKE)"))?;
    let spark = Spark::connect(remote, &portable::SETTINGS)?;
    let templates = session.templates_for_spark()?;
    let specs = ingest::specs(session.project()?, &templates)?;
    let given = Given { specs, versions: ingest::current_versions(warehouse)?, home, templates };
    Lake::open(spark, root(folder)?, given, &Ledger::read(warehouse)?)
}

/// The tables that models and reports refer to.
pub fn home(catalog: &Catalog) -> BTreeSet<String> {
    let templates = &catalog.templates;
    // A report with a mistake is told of where it is shown.
    let reports = reports::names(templates)
        .filter_map(|name| Some(Report::read(templates, name, NaiveDate::default()).ok()?.rendered.refs));
    let models = catalog.models.values().map(|model| model.refs.clone());
    reports.chain(models).flatten().collect()
}

/// The same from wherever it is asked for.
fn root(lake: &str) -> Result<String> {
    let lake = lake.trim_end_matches('/');
    if lake.contains("://") {
        return Ok(lake.to_owned());
    }
    let root = std::path::absolute(lake).with_context(|| format!("`{lake}` is no path"))?;
    Ok(root.to_str().with_context(|| format!("`{lake}` is no UTF-8 name"))?.to_owned())
}
