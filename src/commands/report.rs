//! `olist report [MODEL]`: the pages on models.

use std::fs;

use anyhow::Result;

use super::{Session, page};
use crate::card;
use crate::cli::Report;
use crate::problem::{Problem, is_word, nearest};
use crate::registry::{self, Version};
use crate::term;
use crate::warehouse::Warehouse;

/// The page of `olist docs` that inputs are linked to, where it is beside.
const DOCS: &str = "docs.html";

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
    if is_folder {
        fs::create_dir_all(&args.out).map_err(|error| page::refused(&args.out, &error.to_string()))?;
    }
    let mut pages = Vec::new();
    for version in &champions {
        let file =
            if is_folder { args.out.join(format!("{}.html", version.model)) } else { args.out.clone() };
        if !version.model.chars().all(is_word) {
            return Err(page::refused(&file, &format!("`{}` is no name of a model", version.model)).into());
        }
        page::check(&file)?;
        pages.push((file, version));
    }
    for (file, version) in pages {
        let docs = file.with_file_name(DOCS).exists().then_some(DOCS);
        let html = card::of(&warehouse, version, args.lang, docs)?.html;
        page::write(&file, &html, &format!("{}: version {}", version.model, version.number))?;
    }
    Ok(())
}

/// The champion of a model, or those of all.
fn champions(warehouse: &Warehouse, model: Option<&str>) -> Result<Vec<Version>> {
    let sql = "select distinct model from registry.champions where until is null order by model";
    let all: Vec<String> = warehouse.rows(sql, &[], |row| row.get(0))?;
    let mut champions = Vec::new();
    for name in all.iter().filter(|name| model.is_none_or(|model| model == *name)) {
        champions.extend(registry::champion(warehouse, name)?);
    }
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
