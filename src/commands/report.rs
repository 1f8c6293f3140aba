//! `olist report [MODEL]`: the pages on models.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Session;
use crate::card;
use crate::cli::Report;
use crate::problem::{Problem, nearest};
use crate::publish;
use crate::registry::{self, Version};
use crate::term;
use crate::warehouse::Warehouse;
use crate::warehouse::path::folder;

/// How olist's own pages begin; nothing else is written over.
const HEAD: u64 = 1000;
const MARK: &str = "<meta name=\"generator\" content=\"olist\">";

pub fn report(session: &Session, args: &Report) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let champions = champions(&warehouse, args.model.as_deref())?;
    let is_folder = args.out.is_dir() || args.out.to_string_lossy().ends_with(std::path::is_separator);
    if args.model.is_none() && !is_folder {
        let count = term::counted(champions.len(), "model");
        return Err(Problem::usage(format!(
            "`{}` names one file, and the report is of {count}",
            args.out.display()
        ))
        .hint("name a model, or a folder: `pages/` gets a file MODEL.html of each")
        .into());
    }
    let file = |version: &Version| match is_folder {
        true => args.out.join(format!("{}.html", version.model)),
        false => args.out.clone(),
    };
    let pages: Vec<(PathBuf, &Version)> = champions.iter().map(|version| (file(version), version)).collect();
    for (file, version) in &pages {
        check(file, version, is_folder)?;
    }
    if is_folder {
        fs::create_dir_all(&args.out).map_err(|error| refused(&args.out, &error.to_string()))?;
    }
    for (file, version) in &pages {
        let html = card::of(&warehouse, version, args.lang)?.html;
        publish::write(file, html.as_bytes()).map_err(|error| refused(file, &format!("{error:#}")))?;
        let (model, number, bytes) = (&version.model, version.number, term::thousands(html.len() as u64));
        term::note(&format!("{model}: version {number} as `{}`, {bytes} bytes", file.display()));
    }
    Ok(())
}

/// The champion of a model, or those of all.
fn champions(warehouse: &Warehouse, model: Option<&str>) -> Result<Vec<Version>> {
    let sql = "select distinct model from registry.champions where until is null order by model";
    let all: Vec<String> = warehouse.rows(sql, &[], |row| row.get(0))?;
    let names = match model {
        None => all.clone(),
        Some(name) => vec![name.to_owned()],
    };
    let champions = names.iter().map(|name| registry::champion(warehouse, name));
    let champions: Vec<Version> = champions.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    if !champions.is_empty() {
        return Ok(champions);
    }
    let what = match model {
        Some(name) => format!("`{name}` has no champion to report on"),
        None => "no model has a champion to report on".to_owned(),
    };
    let near = model.and_then(|name| nearest(name, all.iter().map(String::as_str)));
    let hint = near.map_or_else(
        || "`olist run --date D` trains what is due; `olist models` lists what is trained".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(Problem::data(what).hint(hint).into())
}

/// Whether a page may be written there: asked before any is.
fn check(file: &Path, version: &Version, is_folder: bool) -> Result<()> {
    if !version.model.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(refused(file, &format!("`{}` is no name of a model", version.model)).into());
    }
    if !is_folder && !folder(file).is_dir() {
        return Err(refused(file, &format!("there is no folder `{}`", folder(file).display())).into());
    }
    if file.exists() {
        let mut head = Vec::new();
        let is_read = File::open(file).and_then(|file| file.take(HEAD).read_to_end(&mut head)).is_ok();
        if !is_read || !String::from_utf8_lossy(&head).contains(MARK) {
            return Err(refused(file, "it is there, and no page of olist: nothing else is replaced").into());
        }
    }
    Ok(())
}

fn refused(file: &Path, why: &str) -> Problem {
    Problem::usage(format!("could not write `{}`: {why}", file.display())).hint("--out names another file")
}
