//! Python for what analysts and data scientists read with: virtual environments under the target folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// A Python with these packages. `None`, told loudly, where it cannot be set up; under `CI` that is a failure.
pub fn with(name: &str, packages: &[&str]) -> Option<PathBuf> {
    // Several tests want the same one.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _lock = ONE_AT_A_TIME.lock().unwrap();
    let found = set_up(name, packages);
    if found.is_none() {
        let what = format!("python3 with {} could not be set up", packages.join(" "));
        assert!(std::env::var_os("CI").is_none(), "{what}, and CI skips nothing");
        eprintln!("SKIPPED: {what}");
    }
    found
}

/// The version that docs/spark.md names.
pub const PYSPARK: &str = "pyspark==4.3.0";

/// As `with`, where there is the Java that Spark needs.
pub fn with_java(name: &str, packages: &[&str]) -> Option<PathBuf> {
    if Command::new("java").arg("-version").output().is_ok_and(|ran| ran.status.success()) {
        return with(name, packages);
    }
    assert!(std::env::var_os("CI").is_none(), "Spark needs java, and CI skips nothing");
    eprintln!("SKIPPED: Spark needs java (17 or later)");
    None
}

fn set_up(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let python = folder.join("bin/python");
    // Written last: an installation that was cut off is done again.
    let done = folder.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    run(
        Path::new("python3"),
        &[OsStr::new("-m"), OsStr::new("venv"), OsStr::new("--clear"), folder.as_os_str()],
    )?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let arguments: Vec<&OsStr> = pip.iter().chain(packages).map(OsStr::new).collect();
    run(&python, &arguments)?;
    std::fs::write(done, wanted).ok()?;
    Some(python)
}

fn run(program: &Path, arguments: &[&OsStr]) -> Option<()> {
    let output = Command::new(program).args(arguments).output().ok()?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success().then_some(())
}

/// What a script prints.
#[track_caller]
pub fn prints(python: &Path, folder: &Path, script: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(python).args(["-c", script]).args(arguments).current_dir(folder).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    stdout.into_owned()
}
