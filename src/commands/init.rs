//! `olist init DIR`

use std::path::Path;

use anyhow::Result;

use super::write;
use crate::problem::Problem;
use crate::project::{CASES, FOLDERS, Project};
use crate::term;

/// Writes the built-in files into `dir`, where none of their folders may be.
pub fn init(dir: &Path) -> Result<()> {
    if dir.is_file() {
        let problem = Problem::usage(format!("`{}` is a file", dir.display()));
        return Err(problem.hint("name a new folder").into());
    }
    let mut folders = FOLDERS.into_iter().chain([CASES]).map(|name| dir.join(name));
    if let Some(there) = folders.find(|path| path.exists()) {
        return Err(Problem::usage(format!("`{}` is there already", there.display()))
            .hint("name another folder: nothing is overwritten")
            .into());
    }
    let project = Project::built_in();
    let cases = project.cases()?;
    let cases = cases.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    for (path, text) in project.files().chain(cases.clone()) {
        write(&dir.join(path), text.as_bytes())?;
    }
    let enter = if dir == Path::new(".") { String::new() } else { format!("cd {} && ", dir.display()) };
    term::note(&format!(
        "wrote {}, and {} files of cases, to {}\n\nnext: {enter}olist run --date 2018-06-01, then edit a file of features/ and run it again",
        term::counted(project.files().count(), "SQL file"),
        cases.count(),
        dir.display(),
    ));
    Ok(())
}
