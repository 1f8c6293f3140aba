//! Paths as DuckDB reads them: what is a name here would be a pattern, an address or a parameter there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::text;
use crate::problem::Problem;

/// Links that lead to links, at most.
const LINKS: usize = 40;

/// A SQL literal of a database: absolute, so that it is neither `:memory:` nor the address of a server.
pub fn literal(path: &Path) -> Result<String> {
    let name = absolute(path)?;
    if name.contains('?') {
        return Err(refused(path, "has a `?`, and DuckDB would keep its log elsewhere"));
    }
    Ok(text(&name))
}

/// A SQL literal of a file to read, which no other file matches.
pub fn pattern(path: &Path) -> Result<String> {
    let mut escaped = String::new();
    for c in absolute(path)?.chars() {
        match c {
            '[' | '*' | '?' => escaped.extend(['[', c, ']']),
            other => escaped.push(other),
        }
    }
    Ok(text(&escaped))
}

pub(super) fn absolute(path: &Path) -> Result<String> {
    let whole = std::path::absolute(path).with_context(|| format!("`{}` is no path", path.display()))?;
    match whole.to_str() {
        Some(name) if cfg!(unix) && name.contains('\\') => {
            Err(refused(path, "has a backslash, which DuckDB takes for a folder"))
        }
        Some(name) => Ok(name.to_owned()),
        None => Err(refused(path, "is no UTF-8 name, which DuckDB cannot open")),
    }
}

fn refused(path: &Path, why: &str) -> anyhow::Error {
    Problem::usage(format!("`{}` {why}", path.display()))
        .hint("give the file or its folder another name")
        .into()
}

/// The file itself behind links, whether it is there yet or not: what DuckDB writes beside it stands there.
pub fn behind_links(path: &Path) -> Result<PathBuf> {
    let mut file = path.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = file.read_link() else { break };
        file = folder(&file).join(target);
    }
    let name = file.file_name().with_context(|| format!("`{}` is no name of a file", path.display()))?;
    // A folder that is not there is told of by what comes next.
    Ok(folder(&file).canonicalize().unwrap_or_else(|_| folder(&file).to_owned()).join(name))
}

/// The folder that a file is in.
pub fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `olist.duckdb.wal`: what stands beside a file, under its name and more.
pub fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".");
    name.push(ending);
    name.into()
}
