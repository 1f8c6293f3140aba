//! A copy of the database beside it, in which `olist plan` tries what a run would do.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, fcntl_lock};

use super::journal::{recover, remove_database};
use super::path::{behind_links, beside};
use crate::problem::Problem;

/// `olist.duckdb.plan`
pub fn scratch_of(database: &Path) -> Result<PathBuf> {
    Ok(beside(&behind_links(database)?, "plan"))
}

/// Copies `database` to its scratch, while nobody writes it; an earlier scratch goes.
pub fn make_scratch(database: &Path) -> Result<PathBuf> {
    let (file, scratch) = (behind_links(database)?, scratch_of(database)?);
    recover(&file)?;
    remove_database(&scratch)?;
    let whole = File::open(&file).with_context(|| format!("could not open `{}`", database.display()))?;
    // DuckDB's own lock. It ends with any handle of this process on the file: nothing else here may have one open.
    fcntl_lock(&whole, FlockOperation::NonBlockingLockShared).map_err(|_| {
        Problem::usage(format!("`{}` is being written by another process", database.display()))
            .hint("try again when it is done")
    })?;
    let copied = copy(&whole, &scratch).and_then(|()| match File::open(beside(&file, "wal")) {
        Ok(log) => copy(&log, &beside(&scratch, "wal")),
        Err(_) => Ok(()),
    });
    if let Err(error) = copied {
        remove_database(&scratch)?;
        let what = format!("could not copy `{}` to `{}`: {error}", database.display(), scratch.display());
        return Err(Problem::usage(what).hint("a plan is tried in a copy beside the database").into());
    }
    Ok(scratch)
}

fn copy(mut from: &File, to: &Path) -> io::Result<()> {
    let mut copy = File::create(to)?;
    fs::set_permissions(to, from.metadata()?.permissions())?;
    io::copy(&mut from, &mut copy).map(drop)
}
