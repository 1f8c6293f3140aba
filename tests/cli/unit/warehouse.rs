//! DuckDB's errors, and the journal around its checkpoints.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use olist::warehouse::journal::{Journal, Saved};
use olist::warehouse::{Engine, SqlError, Warehouse};

#[test]
fn an_error_is_read_from_its_json_form() {
    let conn = duckdb::Connection::open_in_memory().unwrap();
    conn.execute_batch("set errors_as_json = true").unwrap();
    let sql = "select foo from (select 1 as bar)";
    let error = SqlError::from(conn.execute_batch(sql).unwrap_err());
    assert_eq!((error.class.as_str(), error.position), ("Binder", Some(7)));
    assert!(error.headline().contains("foo"), "{error}");
    assert_eq!(error.near().unwrap(), "near it there is: bar");
}

fn open(folder: &Path) -> Warehouse {
    Warehouse::open(&folder.join("x"), &Engine::default()).unwrap()
}

fn rows(folder: &Path) -> i64 {
    open(folder).row("select count(*) from main.t", &[], |row| row.get(0)).unwrap().unwrap()
}

/// A database whose last rows stand in the log alone, copied as it is while `then` has happened.
fn copied(then: impl FnOnce(&Warehouse, &Journal)) -> tempfile::TempDir {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let warehouse = open(from.path());
    warehouse.batch("create table main.t as from range(1000)").unwrap();
    drop(warehouse);
    let warehouse = open(from.path());
    warehouse.batch("insert into main.t from range(500)").unwrap();
    then(&warehouse, &Journal::new(&from.path().join("x"), 1).unwrap());
    for entry in std::fs::read_dir(from.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

/// What a process leaves that is killed while it writes a block.
fn tear(folder: &Path) {
    let saved = Saved::read(&folder.join("x.journal")).unwrap();
    let file = OpenOptions::new().write(true).open(folder.join("x")).unwrap();
    file.write_all_at(&vec![7; 100_000], saved.blocks[0].0).unwrap();
}

#[test]
fn a_torn_checkpoint_is_undone() {
    let folder = copied(|warehouse, journal| journal.save(warehouse).unwrap());
    tear(folder.path());
    let plain = duckdb::Connection::open(folder.path().join("x"));
    assert!(plain.unwrap_err().to_string().contains("Corrupt database file"));
    assert_eq!(rows(folder.path()), 1500);
    assert!(!folder.path().join("x.journal").exists());
    assert_eq!(rows(folder.path()), 1500);
}

#[test]
fn a_checkpoint_that_took_effect_is_not_undone() {
    let folder = copied(|warehouse, journal| {
        journal.save(warehouse).unwrap();
        warehouse
            .batch("checkpoint warehouse; insert into main.t from range(7); checkpoint warehouse")
            .unwrap();
    });
    assert!(folder.path().join("x.journal").exists());
    assert_eq!(rows(folder.path()), 1507);
    assert!(!folder.path().join("x.journal").exists());
}

#[test]
fn a_journal_that_was_not_written_to_its_end_says_nothing() {
    let folder = copied(|warehouse, journal| journal.save(warehouse).unwrap());
    let file = folder.path().join("x.journal");
    let half = std::fs::metadata(&file).unwrap().len() / 2;
    File::options().write(true).open(&file).unwrap().set_len(half).unwrap();
    assert_eq!(rows(folder.path()), 1500);
    assert!(!file.exists());
}
