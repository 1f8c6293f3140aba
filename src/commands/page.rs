//! Pages as files: made whole, and over nothing but earlier pages.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Result;

use crate::problem::Problem;
use crate::publish;
use crate::term;
use crate::warehouse::path::folder;

/// How olist's own pages begin; nothing else is written over.
const HEAD: u64 = 1000;
const MARK: &str = "<meta name=\"generator\" content=\"olist\">";

/// Whether a page may be written there: asked before it is made.
pub fn check(file: &Path) -> Result<()> {
    let is_page = || {
        let mut head = Vec::new();
        let is_read = File::open(file).and_then(|file| file.take(HEAD).read_to_end(&mut head)).is_ok();
        is_read && String::from_utf8_lossy(&head).contains(MARK)
    };
    let why = if !folder(file).is_dir() {
        format!("there is no folder `{}`", folder(file).display())
    } else if file.is_dir() {
        "it is a folder".to_owned()
    } else if file.exists() && !is_page() {
        "it is there, and no page of olist: nothing else is replaced".to_owned()
    } else {
        return Ok(());
    };
    Err(refused(file, &why).into())
}

pub fn write(file: &Path, html: &str, what: &str) -> Result<()> {
    publish::write(file, html.as_bytes()).map_err(|error| refused(file, &format!("{error:#}")))?;
    let bytes = term::thousands(html.len() as u64);
    term::note(&format!("{what} as `{}`, {bytes} bytes", file.display()));
    Ok(())
}

pub fn refused(file: &Path, why: &str) -> Problem {
    Problem::usage(format!("could not write `{}`: {why}", file.display())).hint("--out names another file")
}
