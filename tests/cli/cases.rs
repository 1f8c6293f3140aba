//! The cases of tests/sql/*.case, worked out by hand: given rows of sources, expected rows of a table.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::{Place, repository};

/// Rows under named columns.
#[derive(Debug, Default, Clone)]
struct Given {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug, Default, Clone)]
struct Case {
    file: String,
    line: usize,
    title: String,
    date: String,
    until: Option<String>,
    given: Vec<Given>,
    expect: Given,
    condition: Option<String>,
}

/// Reads one file: `case`, `date`, `until`, `given TABLE`, `expect TABLE`, and below the last two a header and rows of
/// cells between `|`. `where CONDITION` below `expect TABLE` leaves out the other rows of a long table.
fn read(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut in_expect = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if word == "case" {
            let (file, title) = (file.to_owned(), rest.to_owned());
            cases.push(Case { file, line: at + 1, title, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap_or_else(|| panic!("{file}:{}: before the first case", at + 1));
        match word {
            "date" => rest.trim().clone_into(&mut case.date),
            "until" => case.until = Some(rest.trim().to_owned()),
            "where" => case.condition = Some(rest.trim().to_owned()),
            "given" => {
                case.given.push(Given { name: rest.trim().to_owned(), ..Given::default() });
                in_expect = false;
            }
            "expect" => {
                rest.trim().clone_into(&mut case.expect.name);
                in_expect = true;
            }
            _ => {
                let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
                let table = if in_expect { &mut case.expect } else { case.given.last_mut().unwrap() };
                if table.columns.is_empty() {
                    table.columns = cells;
                } else {
                    assert_eq!(cells.len(), table.columns.len(), "{file}:{}: {line}", at + 1);
                    table.rows.push(cells);
                }
            }
        }
    }
    cases
}

/// Columns of every raw file, as the sources declare them.
fn raw_columns() -> BTreeMap<String, Vec<String>> {
    let place = Place::with_sample();
    let rows = place.query(
        "select table_name, column_name from duckdb_columns()
         where schema_name = 'sources' and column_name <> 'known_at' order by table_name, column_index",
    );
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (table, column) = row.split_once(',').unwrap();
        columns.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    columns
}

fn file_stem(place: &Place, source: &str) -> String {
    let text = place.read(&format!("queries/sources/{source}.sql"));
    let after = text.split_once("files = '").unwrap().1;
    after.split('\'').next().unwrap().to_owned()
}

fn check(case: &Case, raw: &BTreeMap<String, Vec<String>>) -> Result<(), String> {
    let place = Place::with_project();
    for (source, columns) in raw {
        let given = case.given.iter().find(|given| given.name == *source);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(columns).unwrap();
        for row in given.iter().flat_map(|given| &given.rows) {
            let cell = |column: &String| {
                let at = given.unwrap().columns.iter().position(|other| other == column);
                at.map_or("", |at| if row[at] == "null" { "" } else { &row[at] })
            };
            writer.write_record(columns.iter().map(cell)).unwrap();
        }
        place.write(&format!("raw/{}.csv", file_stem(&place, source)), writer.into_inner().unwrap());
    }
    if let Some(unknown) = case.given.iter().find(|given| !raw.contains_key(&given.name)) {
        return Err(format!("there is no source `{}`", unknown.name));
    }
    let mut ingest = vec!["ingest", "raw"];
    // Every day up to the reference date and far beyond is complete, unless the case says otherwise.
    ingest.extend(["--until", case.until.as_deref().unwrap_or("2025-12-31")]);
    let loaded = place.olist(&ingest);
    if loaded.code != 0 {
        return Err(loaded.stderr);
    }
    let built = place.olist(&["run", "--date", &case.date, "--select", &case.expect.name]);
    if built.code != 0 {
        return Err(built.stderr);
    }
    let columns: Vec<String> =
        case.expect.columns.iter().map(|column| format!("coalesce(({column})::varchar, 'null')")).collect();
    let condition = case.condition.as_deref().unwrap_or("true");
    let sql = format!("select {} from {} where {condition}", columns.join(", "), case.expect.name);
    let ran = place.olist(&["query", "--format", "csv", &sql]);
    if ran.code != 0 {
        return Err(ran.stderr);
    }
    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
    let mut actual: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    let mut expected = case.expect.rows.clone();
    actual.sort();
    expected.sort();
    compare(&case.expect.columns, &expected, &actual)
}

fn compare(columns: &[String], expected: &[Vec<String>], actual: &[Vec<String>]) -> Result<(), String> {
    let shown = |rows: &[Vec<String>]| -> String {
        let lines: Vec<String> = rows.iter().map(|row| row.join(" | ")).collect();
        format!("\n    {}", lines.join("\n    "))
    };
    if expected.len() != actual.len() {
        return Err(format!("expected rows:{}\n  found:{}", shown(expected), shown(actual)));
    }
    for (wanted, found) in expected.iter().zip(actual) {
        for ((column, wanted_cell), found_cell) in columns.iter().zip(wanted).zip(found) {
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

#[test]
fn every_case_holds() {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(repository().join("tests/sql")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "case") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            cases.extend(read(&name, &std::fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(cases.len() > 30, "only {} cases were found", cases.len());
    let raw = raw_columns();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(message) = check(case, &raw) {
                        let found =
                            format!("tests/sql/{}:{}: {}\n  {message}", case.file, case.line, case.title);
                        failures.lock().unwrap().push(found);
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
    let columns = ["a".to_owned()];
    let rows = |cell: &str| vec![vec![cell.to_owned()]];
    assert!(compare(&columns, &rows("1"), &rows("1.0")).is_ok());
    assert!(compare(&columns, &rows("1"), &rows("1.00001")).is_err());
    assert!(compare(&columns, &rows("null"), &rows("0")).is_err());
    assert!(compare(&columns, &[], &rows("0")).is_err());
}

#[test]
fn every_feature_store_and_abt_has_cases() {
    for folder in ["features", "abt"] {
        for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
            let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            let texts: String = std::fs::read_dir(repository().join("tests/sql"))
                .unwrap()
                .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
                .collect();
            let cases = texts.matches(&format!("expect {folder}.{name}\n")).count();
            assert!(cases >= 4, "{folder}/{name}.sql has {cases} cases in tests/sql/");
        }
    }
}
