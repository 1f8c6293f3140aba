//! Which file of a folder a source is read from, under the names that downloads and spreadsheets give.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Known;
use super::file::{Candidate, RawFile, is_zip, members};
use crate::problem::{Problem, nearest};
use crate::warehouse::path;

/// Names that are listed where nothing is found.
const LISTED: usize = 5;

impl Candidate {
    /// Kaggle's name of it, in lower case: without its endings, and without the ` (1)` of a second download.
    fn stem(&self) -> String {
        let name = self.name().to_lowercase();
        let mut stem = name.rsplit('/').next().unwrap_or_default();
        for ending in [".zip", ".gz", ".csv", ".parquet"] {
            stem = stem.strip_suffix(ending).unwrap_or(stem);
        }
        let copy = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once('('));
        let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let (stem, _) = copy.filter(|(_, number)| is_number(number)).unwrap_or((stem, ""));
        stem.trim_end().to_owned()
    }
}

/// The file of each source: of those in the folder itself, else in its zip archives; where neither has any, of the folders in
/// it. All that is missing is named at once.
pub fn find(folder: &Path, specs: &[Known]) -> Result<BTreeMap<String, RawFile>> {
    let places = places(folder, specs)?;
    let mut found = Vec::new();
    let mut missing = Vec::new();
    let mut by_name: Vec<&Known> = specs.iter().collect();
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    for Known { name, spec, .. } in by_name {
        let stem = spec.file_stem.to_lowercase();
        let of = |place: &Vec<Candidate>| -> Vec<Candidate> {
            place.iter().filter(|candidate| candidate.stem() == stem).cloned().collect()
        };
        let candidates = places.iter().map(of).find(|found| !found.is_empty()).unwrap_or_default();
        match &candidates[..] {
            [] if spec.required => missing.push(spec.file_stem.as_str()),
            [] => {}
            [one] => {
                found.push((name.clone(), one.clone()));
            }
            [first, second, ..] => {
                let both = format!("both `{}` and `{}` are there", first.name(), second.name());
                let problem = Problem::usage(format!("{both}: which one is meant?"));
                return Err(problem.hint("keep one of them in the folder").into());
            }
        }
    }
    if missing.is_empty() {
        let examine = |(name, candidate)| RawFile::examine(candidate).map(|file| (name, file));
        let examined: Vec<Result<_>> = found.into_par_iter().map(examine).collect();
        return examined.into_iter().collect();
    }
    let expected: Vec<&str> = specs.iter().map(|known| known.spec.file_stem.as_str()).collect();
    let names = missing.iter().map(|stem| format!("{stem}.csv")).collect::<Vec<_>>().join(", ");
    let problem = Problem::data(format!("`{}` lacks: {names}", folder.display()));
    Err(problem.hint(instead(&missing, &places.concat(), &expected)).into())
}

/// The candidates of each place, in the order in which they are looked at.
fn places(folder: &Path, specs: &[Known]) -> Result<Vec<Vec<Candidate>>> {
    if folder.is_file() && is_zip(folder) {
        return Ok(vec![in_archive(folder)?]);
    }
    if folder.is_file() {
        let parent = path::folder(folder).display();
        let problem = Problem::usage(format!("`{}` is a file, not a folder", folder.display()));
        let wanted = "name the folder that holds Kaggle's files, or their zip archive";
        return Err(problem.hint(format!("{wanted}: `olist ingest {parent}`")).into());
    }
    if !folder.is_dir() {
        let hint = "`olist ingest DIR` wants the folder that holds Kaggle's files; `--sample` needs none";
        let problem = Problem::usage(format!("`{}` is not a folder", folder.display()));
        return Err(problem.hint(hint).into());
    }
    let is_source = |candidate: &Candidate| {
        let stem = candidate.stem();
        specs.iter().any(|known| known.spec.file_stem.eq_ignore_ascii_case(&stem))
    };
    let (files, folders) = listed(folder)?;
    let mut archived = Vec::new();
    for archive in files.iter().filter(|candidate| is_zip(&candidate.path) && !is_source(candidate)) {
        archived.extend(in_archive(&archive.path)?);
    }
    let mut places = vec![files, archived];
    if !places.iter().flatten().any(is_source) {
        let inner = folders.iter().map(|folder| Ok(listed(folder)?.0)).collect::<Result<Vec<_>>>()?;
        places.push(inner.concat());
    }
    Ok(places)
}

fn in_archive(archive: &Path) -> Result<Vec<Candidate>> {
    let candidate = |member| Candidate { path: archive.to_owned(), member: Some(member) };
    Ok(members(archive)?.into_iter().map(candidate).collect())
}

/// The files and the folders in `folder`, by name.
fn listed(folder: &Path) -> Result<(Vec<Candidate>, Vec<PathBuf>)> {
    let context = || format!("could not list `{}`", folder.display());
    let entries = fs::read_dir(folder).with_context(context)?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = paths.with_context(context)?;
    paths.sort();
    let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    Ok((files.into_iter().map(|path| Candidate { path, member: None }).collect(), folders))
}

/// What lies there in place of the files that are missing.
fn instead(missing: &[&str], there: &[Candidate], expected: &[&str]) -> String {
    const WANTED: &str = "each may be .csv, .csv.gz, .csv.zip or .parquet, under Kaggle's name";
    let names: Vec<String> = there.iter().map(Candidate::name).collect();
    let near = missing.iter().find_map(|stem| {
        let is_near = |name: &&String| name.to_lowercase().contains(&stem.to_lowercase());
        let by_stem = || {
            let stems: Vec<String> = there.iter().map(Candidate::stem).collect();
            let others = stems.iter().map(String::as_str).filter(|other| !expected.contains(other));
            let near = nearest(stem, others)?;
            stems.iter().position(|other| other == near).map(|at| &names[at])
        };
        names.iter().find(is_near).or_else(by_stem)
    });
    match near {
        Some(name) => format!("`{name}` is there: is it one of them? {WANTED}"),
        None if names.is_empty() => format!("the folder is empty; {WANTED}"),
        None => {
            let more = if names.len() > LISTED { ", …" } else { "" };
            let some = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("what is there: {some}{more}; {WANTED}")
        }
    }
}
