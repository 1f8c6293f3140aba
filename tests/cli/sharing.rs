//! Two at once: who holds the file, waiting for it, and a copy for those who only read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use duckdb::{AccessMode, Config, Connection};

use super::support::{Place, times};

#[test]
fn who_holds_the_file_is_told_and_waited_for() {
    let place = Place::with_sample();
    let holder = Connection::open(place.path("olist.duckdb")).unwrap();
    let pid = std::process::id();
    let told = format!("`olist.duckdb` is in use by process {pid} (`");
    place.olist(&["run", "--date", "2018-06-01"]).code(2).says(&[
        &told,
        "since ",
        "--wait 600",
        "--publish FILE",
    ]);
    place.olist(&["query", "select 1"]).code(2).says(&[&told]);
    let since = Instant::now();
    place.olist(&["run", "--date", "2018-06-01", "--wait", "1"]).code(2).says(&[&told, "still after 1 s"]);
    assert!(since.elapsed() >= Duration::from_secs(1));

    // It is let go after a while.
    let wait = std::thread::scope(|scope| {
        let ran = scope.spawn(|| place.olist(&["run", "--date", "2018-06-01", "--wait", "60"]));
        std::thread::sleep(Duration::from_millis(800));
        holder.close().unwrap();
        ran.join().unwrap()
    });
    wait.code(0).says(&[&format!("waiting for process {pid}"), "nothing to do"]);
}

/// Readers open the copy again and again while it is replaced; every one sees a whole state.
#[test]
#[ignore = "twenty seconds of readers"]
fn a_published_copy_is_replaced_under_its_readers() {
    let place = Place::with_sample();
    // Fast to build again, so that there are many replacements: two stores, whose rows agree with the ledger or not.
    let arguments = [
        "run",
        "--date",
        "2018-06-01",
        "--force",
        "--select",
        "features.seller_reviews",
        "--publish",
        "shared.duckdb",
    ];
    place.olist(&arguments).code(0).says(&["published", "to `shared.duckdb`"]);
    let file = place.path("shared.duckdb");
    let replaced = times(100).max(10);
    let (is_over, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let config = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
                let conn = Connection::open_with_flags(&file, config).unwrap();
                let sql = "select (select count(*) from features.seller_reviews where reference_date = date '2018-06-01')
                             = (select rows from pipeline.partitions
                                where table_name = 'features.seller_reviews' and reference_date = date '2018-06-01')
                           and (select count(*) from scores.seller_churn) > 0";
                let is_whole: bool = conn.query_row(sql, [], |row| row.get(0)).unwrap();
                assert!(is_whole);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        for _ in 0..replaced {
            place.olist(&arguments).code(0);
        }
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert!(reads.load(Ordering::Relaxed) > replaced, "{reads:?}");
    // Nothing else is left in the folder, and the descriptions came along.
    let left: Vec<String> = std::fs::read_dir(place.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("shared"))
        .collect();
    assert_eq!(left, ["shared.duckdb"]);
    let conn = Connection::open(&file).unwrap();
    let comments =
        "select count(*) from duckdb_columns() where comment is not null and schema_name = 'scores'";
    assert!(conn.query_row(comments, [], |row| row.get::<_, i64>(0)).unwrap() > 5);
    let homely = "select count(*) from duckdb_tables() where table_name in ('outbox', 'models', 'orders')";
    assert_eq!(conn.query_row(homely, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_copy_that_cannot_be_written_leaves_the_earlier_one() {
    let place = Place::with_sample();
    let run = |file: &str| place.olist(&["run", "--date", "2018-06-01", "--publish", file]);
    let refused = |file: &str, why: &str| {
        let ran = run(file).code(2).says(&[&format!("could not publish to `{file}`: "), why]);
        // Before the work, not after it.
        ran.does_not_say(&["nothing to do"]);
    };
    refused("nowhere/shared.duckdb", "there is no folder `nowhere`");
    refused("olist.duckdb", "it is the database itself");
    refused("models", "it is there, and no DuckDB database");
    place.write("notes.txt", "what I have to do");
    refused("notes.txt", "it is there, and no DuckDB database");
    assert_eq!(place.read("notes.txt"), "what I have to do");
    std::fs::copy(place.path("olist.duckdb"), place.path("other.duckdb")).unwrap();
    refused("other.duckdb", "it is a database of olist, and no copy of one");
    place.olist(&["query", "select count(*) from scores.seller_churn"]).code(0);
}

#[test]
fn a_published_copy_says_what_it_has() {
    let place = Place::with_sample();
    place.olist(&["run", "--date", "2018-06-01", "--publish", "shared.duckdb"]).code(0);
    let shared = |arguments: &[&str]| place.olist(&[arguments, &["--database", "shared.duckdb"]].concat());
    // Reports need what is published.
    let report = ["query", "seller_churn_to_call", "--format", "csv"];
    assert_eq!(shared(&report).code(0).stdout, place.olist(&report).code(0).stdout);
    let has = "it has abt.seller_churn, features.seller_customers, ";
    shared(&["query", "from sources.orders"]).code(2).says(&["`shared.duckdb` is a published copy", has]);
    // The project of this test has no such model.
    shared(&["query", "seller_segments_profile"]).code(2).says(&[
        "there is no table `scores.seller_segments`",
        "--> queries/reports/seller_segments_profile.sql:9:13\n",
    ]);
    for command in [&["models"][..], &["models", "seller_churn"], &["check"]] {
        shared(command).code(2).says(&["`shared.duckdb` is a published copy, without sources", has]);
    }
    shared(&["run", "--date", "2018-06-01"])
        .code(2)
        .says(&["`shared.duckdb` is a published copy, for reading"]);
}
