//! The project's SQL files: those of a folder if there is one, else those built into the binary.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};

use crate::problem::{Place, Problem};
use crate::term;

static QUERIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/queries");
static FEATURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/features");
static ABT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/abt");
static MODELS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/models");
static CASE_FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/sql");

/// The folders an analyst edits.
pub const FOLDERS: [&str; 4] = ["queries", "features", "abt", "models"];
/// The folder of their cases, for `olist test`.
pub const CASES: &str = "tests/sql";

/// Bytes of a SQL file.
const LARGEST: u64 = 4 << 20;

/// All SQL files by their path from the project's top, with `/` between folders.
#[derive(Debug, Default)]
pub struct Project {
    /// `None`: the files built into the binary.
    pub root: Option<PathBuf>,
    files: BTreeMap<String, String>,
    /// Files beside them that do not end in `.sql`.
    others: Vec<String>,
}

impl Project {
    /// The folder named by `--project-dir`, else the nearest one at or above the working folder that holds
    /// `features/` and `queries/`, else the built-in files.
    ///
    /// # Errors
    /// When a named folder is no project, or a file cannot be read as UTF-8.
    pub fn find(named: Option<&Path>) -> Result<Self> {
        if let Some(folder) = named {
            if !is_project(folder) {
                return Err(Problem::usage(format!("`{}` holds no project", folder.display()))
                    .hint("a project has the folders features/ and queries/; `olist init DIR` writes one")
                    .into());
            }
            return Self::read(folder);
        }
        let here = working_folder()?;
        let Some(folder) = here.ancestors().find(|folder| is_project(folder)) else {
            return Ok(Self::built_in());
        };
        if folder != here {
            check_owner(folder)?;
            term::note(&format!("project {}", folder.display()));
        }
        Self::read(folder)
    }

    /// The folder of the project that `find` takes, where the database stands as well; empty for the working folder.
    pub fn folder(named: Option<&Path>) -> Result<PathBuf> {
        if let Some(folder) = named {
            return Ok(folder.to_owned());
        }
        let here = working_folder()?;
        let above = here.ancestors().skip(1).find(|folder| is_project(folder));
        Ok(above.filter(|_| !is_project(&here)).map_or_else(PathBuf::new, Path::to_owned))
    }

    /// The files that the binary carries.
    pub fn built_in() -> Self {
        let mut project = Self::default();
        for (folder, dir) in FOLDERS.iter().zip([&QUERIES, &FEATURES, &ABT, &MODELS]) {
            collect_embedded(folder, dir, "sql", &mut project.files);
        }
        project
    }

    /// A project of these files, each with its path and its text.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        Self { files, ..Self::default() }
    }

    fn read(folder: &Path) -> Result<Self> {
        let mut project = Self { root: Some(folder.to_owned()), ..Self::default() };
        for name in FOLDERS {
            check_link(folder, name)?;
            project.collect(folder, name, "sql")?;
        }
        project.others.sort();
        Ok(project)
    }

    /// The texts of the files of cases, by their paths.
    pub fn cases(&self) -> Result<BTreeMap<String, String>> {
        let mut found = Self::default();
        match &self.root {
            None => collect_embedded(CASES, &CASE_FILES, "case", &mut found.files),
            Some(root) => found.collect(root, CASES, "case")?,
        }
        Ok(found.files)
    }

    /// Files that an analyst may take for tables and that are none, each with the reason: those of another ending, and those
    /// in a folder of their own that no other file names, to include them.
    pub fn overlooked(&self) -> Vec<(&str, &'static str)> {
        const NO_SLIPS: [&str; 4] = [".md", "~", ".bak", ".orig"];
        let others = self.others.iter().filter(|file| !NO_SLIPS.iter().any(|end| file.ends_with(end)));
        let others = others.map(|file| (file.as_str(), "its name does not end in .sql"));
        let is_deep = |file: &str| !file.starts_with("queries/") && file.matches('/').count() > 1;
        let is_named = |file: &str| self.files.values().any(|text| text.contains(file));
        let deep = self.files.keys().filter(|file| is_deep(file) && !is_named(file));
        others.chain(deep.map(|file| (file.as_str(), "tables stand in the folder itself"))).collect()
    }

    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The SQL files directly in `folder`, as (path, name without ending).
    pub fn in_folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files.keys().filter_map(move |path| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".sql")?;
            (!name.contains('/')).then_some((path.as_str(), name))
        })
    }

    pub fn source(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Adds the files of the folder `name` of `root` whose names end in `ending`.
    fn collect(&mut self, root: &Path, name: &str, ending: &str) -> Result<()> {
        let folder = root.join(name);
        if !folder.is_dir() {
            return Ok(());
        }
        let context = || format!("could not list `{}`", folder.display());
        for entry in std::fs::read_dir(&folder).with_context(context)? {
            let path = entry.with_context(context)?.path();
            let own = path.file_name().and_then(|own| own.to_str());
            let Some(own) = own.filter(|own| !own.starts_with('.')) else { continue };
            let inner = format!("{name}/{own}");
            let is_ours = path.extension().is_some_and(|end| end == ending);
            if path.is_dir() || is_ours {
                check_link(root, &inner)?;
            }
            if path.is_dir() {
                self.collect(root, &inner, ending)?;
            } else if is_ours {
                let text = read_text(&path, &inner)?;
                self.files.insert(inner, text);
            } else {
                self.others.push(inner);
            }
        }
        Ok(())
    }

    /// Where a person finds these files.
    pub fn describe(&self) -> String {
        match &self.root {
            Some(root) => root.display().to_string(),
            None => "the built-in project (`olist init DIR` writes it out, to edit it)".to_owned(),
        }
    }
}

/// The text of a template, as its lines are counted.
fn read_text(path: &Path, name: &str) -> Result<String> {
    let context = || format!("could not read `{}`", path.display());
    // A pipe would be waited for, and a file of gigabytes is nobody's text.
    let about = path.metadata().with_context(context)?;
    if !about.is_file() || about.len() > LARGEST {
        let what = if about.is_file() { "is larger than 4 MB" } else { "is no file" };
        let ending = path.extension().unwrap_or_default().display();
        return Err(Problem::usage(format!("`{name}` {what}"))
            .hint(format!("files that end in .{ending} are the project's: move it elsewhere"))
            .into());
    }
    let bytes = std::fs::read(path).with_context(context)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let place = Place::at_offset(name, &good, good.len());
        Problem::usage("this file is not UTF-8").at(place).hint("save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    match text.find('\0') {
        None => Ok(text),
        Some(at) => Err(Problem::usage("there is a NUL byte here")
            .at(Place::at_offset(name, &text, at))
            .hint("a template is plain text: save it as UTF-8")
            .into()),
    }
}

/// A folder above may be anybody's: in `/tmp`, say. What it holds is run only if it is the user's own.
fn check_owner(folder: &Path) -> Result<()> {
    let about = folder.metadata().with_context(|| format!("could not read `{}`", folder.display()))?;
    if about.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(Problem::usage(format!(
        "the project in `{}`, above this folder, belongs to another user",
        folder.display()
    ))
    .hint("--project-dir names it, if you trust its files")
    .into())
}

fn working_folder() -> Result<PathBuf> {
    std::env::current_dir().context("could not tell the working folder")
}

fn is_project(folder: &Path) -> bool {
    folder.join("features").is_dir() && folder.join("queries").is_dir()
}

fn collect_embedded(prefix: &str, dir: &Dir<'_>, ending: &str, files: &mut BTreeMap<String, String>) {
    for file in dir.files().filter(|file| file.path().extension().is_some_and(|end| end == ending)) {
        let path = file.path().to_string_lossy().replace('\\', "/");
        files.insert(format!("{prefix}/{path}"), file.contents_utf8().unwrap_or_default().to_owned());
    }
    for inner in dir.dirs() {
        collect_embedded(prefix, inner, ending, files);
    }
}

/// A link may lead to another file of the project, and nowhere else.
fn check_link(root: &Path, name: &str) -> Result<()> {
    let path = root.join(name);
    if !path.is_symlink() {
        return Ok(());
    }
    let root = root.canonicalize().with_context(|| format!("could not find `{}`", root.display()))?;
    // Reading a folder that holds the link, or one above it, would never end.
    let here = path.parent().and_then(|parent| parent.canonicalize().ok());
    let (what, hint) = match path.canonicalize() {
        Err(_) => ("that leads nowhere".to_owned(), "take the link out, or put the file there"),
        Ok(target) if !target.starts_with(root) => (
            format!("out of the project, to `{}`", target.display()),
            "copy the file into the project: its SQL files are read from there only",
        ),
        Ok(target) if here.is_some_and(|here| here.starts_with(&target)) => {
            ("to a folder that it stands in".to_owned(), "take the link out")
        }
        Ok(_) => return Ok(()),
    };
    Err(Problem::usage(format!("`{name}` is a link {what}")).hint(hint).into())
}
