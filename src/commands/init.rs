//! `olist init DIR`

use std::path::Path;

use anyhow::{Context, Result};

use crate::problem::Problem;
use crate::project::Project;
use crate::term;

/// Writes the built-in files into `dir`, which has to be new or empty.
pub fn init(dir: &Path) -> Result<()> {
    let is_used = dir.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if is_used || dir.is_file() {
        return Err(Problem::usage(format!("`{}` is not empty", dir.display()))
            .hint("name a new folder: nothing is overwritten")
            .into());
    }
    let project = Project::built_in();
    for (path, text) in project.files() {
        let target = dir.join(path);
        let folder = target.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not create `{}`", folder.display()))?;
        std::fs::write(&target, text).with_context(|| format!("could not write `{}`", target.display()))?;
    }
    term::note(&format!(
        "wrote {} to {1}\n\nnext: cd {1} && olist run --date 2018-06-01, then edit a file of features/ and run it again",
        term::counted(project.files().count(), "SQL file"),
        dir.display(),
    ));
    Ok(())
}
