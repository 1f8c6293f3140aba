//! `olist models export MODEL`

use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use chrono::NaiveDate;

use super::{Session, write};
use crate::cli::Export;
use crate::export::{self, Subject};
use crate::output::Format;
use crate::problem::Problem;
use crate::registry::{self, Version};
use crate::run::Loaded;
use crate::term;
use crate::warehouse::Warehouse;

pub fn export(session: &Session, args: &Export) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let newest = "select max(reference_date) from pipeline.partitions where table_name = 'scores.' || ?";
    let newest = || warehouse.row(newest, &[&args.model], |row| row.get::<_, Option<NaiveDate>>(0));
    let date = match args.date {
        Some(date) => date,
        None => {
            newest()?.flatten().map_or_else(|| Ok(Loaded::read(&warehouse)?.last_date()), Ok::<_, Error>)?
        }
    };
    let catalog = session.catalog(date)?;
    let model = catalog.model(&args.model)?;
    let version = version(&warehouse, args)?;
    let subject = Subject { warehouse: &warehouse, catalog: &catalog, model, version: &version, date };
    match args.format {
        Format::Sql => sql(&subject, args.out.as_deref()),
        format => folder(&subject, args.out.clone(), format),
    }
}

/// The one that was asked for; the one that scores the date that was asked for; or the champion.
fn version(warehouse: &Warehouse, args: &Export) -> Result<Version> {
    let name = args.model.as_str();
    let version = match (args.version, args.date) {
        (Some(number), _) => return registry::version(warehouse, name, number),
        (None, Some(date)) => registry::in_force(warehouse, name, date)?,
        (None, None) => registry::champion(warehouse, name)?,
    };
    version.ok_or_else(|| registry::no_champion(name).into())
}

fn folder(subject: &Subject<'_>, out: Option<PathBuf>, format: Format) -> Result<()> {
    let (name, number) = (&subject.model.name, subject.version.number);
    let folder = out.unwrap_or_else(|| PathBuf::from(format!("{name}-{number}")));
    let files = export::directory(&subject.trained()?)?;
    if format == Format::Onnx && !files.iter().any(|(file, _)| file == "model.onnx") {
        let rule = &subject.version.candidate;
        let what = format!("version {number} of `{name}` is the rule `{rule}`, which has no ONNX form");
        return Err(Problem::usage(what)
            .at(subject.catalog.templates.place(&subject.model.file, rule))
            .hint("`--format mlflow` writes a folder whose SQL DuckDB runs in Python, `--format sql` one SELECT")
            .into());
    }
    let is_filled = folder.is_file() || folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    // A folder of something else is not written over.
    if is_filled && !folder.join("MLmodel").exists() {
        return Err(Problem::usage(format!("`{}` is there, and no model of MLflow", folder.display()))
            .hint("--out names a new folder")
            .into());
    }
    for (file, bytes) in &files {
        write(&folder.join(file), bytes)?;
    }
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    term::note(&format!(
        "wrote version {number} of `{name}` to `{0}`: {1}, {2} bytes

in Python, with `pip install -r {0}/requirements.txt`:
  import mlflow
  model = mlflow.pyfunc.load_model({0:?})
  inputs = model.metadata.get_input_schema()
  scores = model.predict(frame.astype(dict(zip(inputs.input_names(), inputs.pandas_types()))))
`frame` is a DataFrame of what the SELECT of {3} returns",
        folder.display().to_string(),
        term::counted(files.len(), "file"),
        term::thousands(bytes as u64),
        subject.model.file,
    ));
    Ok(())
}

fn sql(subject: &Subject<'_>, out: Option<&Path>) -> Result<()> {
    let select = export::select(subject)?;
    let Some(file) = out else { return Ok(term::data(&select)?) };
    write(file, select.as_bytes())?;
    let Subject { model, version, date, .. } = subject;
    let (name, number, file) = (&model.name, version.number, file.display());
    term::note(&format!("wrote version {number} of `{name}` at {date} to `{file}`"));
    Ok(())
}
