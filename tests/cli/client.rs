//! Analysts read the file with clients older than the DuckDB inside: here Python's, of the oldest release that must do.

use std::path::PathBuf;
use std::process::Command;

use super::support::Place;

const OLDEST: &str = "1.4.0";

/// A Python with that client, in a virtual environment under the target folder; `None` where there is no Python.
fn python() -> Option<PathBuf> {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let python = target.join(format!("duckdb-{OLDEST}/bin/python"));
    let has_client = |python: &PathBuf| {
        let check = format!("import duckdb; assert duckdb.__version__ == '{OLDEST}'");
        Command::new(python).args(["-c", &check]).output().is_ok_and(|output| output.status.success())
    };
    if has_client(&python) {
        return Some(python);
    }
    let folder = target.join(format!("duckdb-{OLDEST}"));
    let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).output().ok()?;
    if !made.status.success() {
        return None;
    }
    let install = ["-m", "pip", "install", "--quiet", &format!("duckdb=={OLDEST}")];
    let _ = Command::new(&python).args(install).output();
    has_client(&python).then_some(python)
}

#[test]
fn an_older_client_reads_scores_and_as_of_relations() {
    let Some(python) = python() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "python3 with duckdb=={OLDEST} could not be set up, and CI skips nothing"
        );
        eprintln!("SKIPPED: python3 with duckdb=={OLDEST} could not be set up");
        return;
    };
    let place = Place::with_sample();
    let script = "
import duckdb
conn = duckdb.connect('olist.duckdb', read_only=True)
print(conn.execute('select count(*) from scores.seller_churn').fetchone()[0])
print(conn.execute(\"select count(*) from sources.orders_as_of(date '2018-01-01')\").fetchone()[0])
print(conn.execute('select count(*) from registry.models').fetchone()[0])
";
    let output = Command::new(python).args(["-c", script]).current_dir(place.path("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ours = [
        "select count(*) from scores.seller_churn",
        "select count(*) from sources.orders_as_of(date '2018-01-01')",
        "select count(*) from registry.models",
    ]
    .map(|sql| place.cell(sql));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>(), ours);
    assert_ne!(ours[0], "0");
}
