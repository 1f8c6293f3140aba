//! A folder, a project and a database for one test, and the program run in it.

pub mod pattern;
mod slow;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock};

use chrono::NaiveDate;
use olist::catalog::Catalog;
use olist::project::Project;
use tempfile::TempDir;

pub use slow::times;

/// What one call of the program gave.
#[derive(Clone)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The call ended as expected.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// stderr holds every one of `parts`.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not in stderr:\n{}", self.stderr);
        }
        self
    }

    /// stderr holds none of `parts`.
    #[track_caller]
    pub fn does_not_say(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(!self.stderr.contains(part), "`{part}` is in stderr:\n{}", self.stderr);
        }
        self
    }

    /// stdout, exactly.
    #[track_caller]
    pub fn prints(self, expected: &str) -> Self {
        assert_eq!(self.stdout, expected, "stderr:\n{}", self.stderr);
        self
    }

    /// stderr, exactly, with the test's folder written as `DIR`.
    #[track_caller]
    pub fn complains(self, expected: &str) -> Self {
        assert_eq!(self.stderr, expected);
        self
    }
}

/// A folder of one test.
pub struct Place {
    dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder with the project's files in it.
    pub fn with_project() -> Self {
        let place = Self::new();
        for (file, text) in Project::built_in().files() {
            place.write(file, text);
        }
        place
    }

    /// A folder with the project, cut down to seller churn and what it needs, with fewer snapshots and a tenth
    /// of the trees.
    pub fn with_churn() -> Self {
        static NEEDED: OnceLock<Vec<String>> = OnceLock::new();
        let needed = NEEDED.get_or_init(|| {
            let date = NaiveDate::from_ymd_opt(2018, 6, 1).unwrap();
            let catalog = Catalog::read(&Project::built_in(), BTreeMap::new(), date).unwrap();
            let model = "scores.seller_churn".to_owned();
            let tables = catalog.upstream(&model).into_iter().chain([model]);
            tables
                .map(|table| format!("{}.sql", table.replace("scores.", "models/").replace('.', "/")))
                .collect()
        });
        let place = Self::new();
        for (file, text) in Project::built_in().files() {
            if file.starts_with("queries/") || needed.iter().any(|needed| needed == file) {
                place.write(file, fast(text));
            }
        }
        place
    }

    /// As `with_churn`, and a database that holds a small sample and all tables at 2018-06-01.
    pub fn with_sample() -> Self {
        static BUILT: OnceLock<PathBuf> = OnceLock::new();
        let place = Self::with_churn();
        place.copy_database(&BUILT, || {
            let place = Self::with_churn();
            place.olist(&["ingest", "--sample", "--orders", "12000"]).code(0);
            place.olist(&["run", "--date", "2018-06-01"]).code(0);
            place
        });
        place
    }

    /// The project over the smallest marketplace, as files in `raw/` that are loaded.
    pub fn with_files() -> Self {
        let place = crate::ingest::small();
        place.once(&["ingest", "raw"]).code(0);
        place
    }

    /// A project of planted files alone: the sources, and one feature store, without a database.
    pub fn with_planted() -> Self {
        let place = Self::new();
        for (file, text) in Project::built_in().files().filter(|(file, _)| file.starts_with("queries/")) {
            place.write(file, text);
        }
        for folder in ["features", "macros"] {
            let to = if folder == "macros" { "queries/macros" } else { folder };
            for (name, text) in read_folder(&format!("tests/leaks/base/{folder}")) {
                place.write(&format!("{to}/{name}"), text);
            }
        }
        place
    }

    /// As `with_planted`, over a small sample.
    pub fn with_planted_sample() -> Self {
        let place = Self::with_planted();
        place.once(&["ingest", "--sample", "--orders", "6000"]).code(0);
        place
    }

    /// As `olist`, for the setup of a test: what was run with these arguments over the same files, by whichever test, is not run
    /// again, and what it left is copied.
    pub fn once(&self, arguments: &[&str]) -> Ran {
        type Made = Arc<OnceLock<(PathBuf, Ran)>>;
        static MADE: Mutex<Option<HashMap<blake3::Hash, Made>>> = Mutex::new(None);
        let mut content = blake3::Hasher::new();
        content.update(format!("{arguments:?}").as_bytes());
        for file in files(self.dir.path()) {
            content.update(format!("\n{}\n", file.display()).as_bytes());
            content.update(&std::fs::read(self.dir.path().join(file)).unwrap());
        }
        let made =
            MADE.lock().unwrap().get_or_insert_default().entry(content.finalize()).or_default().clone();
        let (folder, ran) = made.get_or_init(|| {
            let ran = self.olist(arguments);
            let kept = Self::new();
            copy(self.dir.path(), kept.dir.path());
            (kept.dir.keep(), ran)
        });
        for file in files(self.dir.path()) {
            std::fs::remove_file(self.dir.path().join(file)).unwrap();
        }
        copy(folder, self.dir.path());
        ran.clone()
    }

    /// The database that `build` makes, which is made once for all tests.
    pub fn copy_database(&self, made: &OnceLock<PathBuf>, build: impl FnOnce() -> Self) {
        let made = made.get_or_init(|| {
            let folder = build().dir.keep();
            folder.join("olist.duckdb")
        });
        std::fs::copy(made, self.path("olist.duckdb")).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces `from`, which has to be there, in a file.
    #[track_caller]
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "`{from}` is not in {name}");
        self.write(name, text.replacen(from, to, 1));
    }

    pub fn olist(&self, arguments: &[&str]) -> Ran {
        self.run(&mut self.command(arguments))
    }

    pub fn run(&self, command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        self.ran(&output)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_olist"));
        command.args(arguments).current_dir(self.dir.path()).env_remove("OLIST_DATABASE");
        command.env_remove("MLFLOW_TRACKING_URI");
        command
    }

    pub fn ran(&self, output: &Output) -> Ran {
        let clean = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(&self.dir.path().display().to_string(), "DIR")
        };
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: clean(&output.stdout),
            stderr: clean(&output.stderr),
        }
    }

    /// The rows of a query, as CSV without the header.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<String> {
        let ran = self.olist(&["query", "--format", "csv", sql]).code(0);
        ran.stdout.lines().skip(1).map(str::to_owned).collect()
    }

    /// The one cell of a query.
    #[track_caller]
    pub fn cell(&self, sql: &str) -> String {
        let rows = self.query(sql);
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows[0].clone()
    }
}

/// The folder of the repository: asked when the tests run, because checkouts may share one target folder.
pub fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").unwrap().into()
}

/// A model that is trained in a second.
fn fast(model: &str) -> String {
    let less =
        [("'trees': 200", "'trees': 20"), ("'trees': 120", "'trees': 12"), ("'2017-03-01'", "'2017-09-01'")];
    less.iter().fold(model.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// All files below a folder, as paths from there, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let copied = to.join(&file);
        std::fs::create_dir_all(copied.parent().unwrap()).unwrap();
        std::fs::copy(from.join(file), copied).unwrap();
    }
}

/// Names and texts of the files of a folder of the repository, by name.
pub fn read_folder(folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(repository().join(folder)).unwrap_or_else(|_| panic!("no {folder}"));
    let mut files: Vec<(String, String)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}
