//! The cases of tests/sql/*.case, worked out by hand: given rows of sources, expected rows of a table.

mod bench;
mod format;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::repository;
use bench::Bench;
use format::Case;

/// Cells are the same text, or numbers that are equal within 1e-9.
fn compare(case: &Case, mut actual: Vec<Vec<String>>) -> Result<(), String> {
    let mut expected = case.expect.rows.clone();
    expected.sort();
    actual.sort();
    let shown = |rows: &[Vec<String>]| -> String {
        let lines: Vec<String> = rows.iter().map(|row| row.join(" | ")).collect();
        format!("\n    {}", lines.join("\n    "))
    };
    if expected.len() != actual.len() {
        return Err(format!("expected rows:{}\n  found:{}", shown(&expected), shown(&actual)));
    }
    for (wanted, found) in expected.iter().zip(&actual) {
        for ((column, wanted_cell), found_cell) in case.expect.columns.iter().zip(wanted).zip(found) {
            if !is_same(wanted_cell, found_cell) {
                return Err(format!(
                    "{column}: expected {wanted_cell}, found {found_cell}, in row {}",
                    found.join(" | ")
                ));
            }
        }
    }
    Ok(())
}

fn is_same(wanted: &str, found: &str) -> bool {
    match (wanted.parse::<f64>(), found.parse::<f64>()) {
        (Ok(wanted), Ok(found)) => (wanted - found).abs() <= 1e-9 * wanted.abs().max(1.0),
        _ => wanted == found,
    }
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join("tests/sql")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "case"));
    files.sort();
    files
}

/// `ONLY=seller_sales` runs those whose file or title has this in it.
#[test]
fn every_case_holds() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let is_wanted = |case: &Case| case.place.contains(&only) || case.title.contains(&only);
    let cases: Vec<Case> = files().iter().flat_map(|path| format::read(path)).collect();
    assert!(cases.len() >= 100, "only {} cases were found", cases.len());
    let cases: Vec<Case> = cases.into_iter().filter(is_wanted).collect();
    olist::term::set_quiet(true);
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut bench = Bench::new().unwrap();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = bench.rows(case).map_err(|error| format!("{error:#}"));
                    if let Err(message) = found.and_then(|rows| compare(case, rows)) {
                        let failure = format!("tests/sql/{}: {}\n  {message}", case.place, case.title);
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} cases fail:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[test]
fn the_runner_sees_a_difference() {
    let rows = |cell: &str| vec![vec![cell.to_owned()]];
    let mut case = Case::default();
    case.expect.columns = vec!["a".to_owned()];
    case.expect.rows = rows("1");
    assert!(compare(&case, rows("1.0")).is_ok());
    assert!(compare(&case, rows("1.00001")).is_err());
    assert!(compare(&case, rows("null")).is_err());
    assert!(compare(&case, Vec::new()).is_err());
}

#[test]
fn every_feature_store_and_abt_has_cases() {
    let cases: Vec<Case> = files().iter().flat_map(|path| format::read(path)).collect();
    for folder in ["features", "abt"] {
        for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
            let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            let count = cases.iter().filter(|case| case.expect.table == format!("{folder}.{name}")).count();
            assert!(count >= 4, "{folder}/{name}.sql has {count} cases in tests/sql/");
        }
    }
}
