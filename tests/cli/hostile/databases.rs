//! Database files that are none.

use super::refused;
use crate::ingest::small;

#[test]
fn databases_that_are_none() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    let good = std::fs::read(place.path("olist.duckdb")).unwrap();
    let commands: [&[&str]; 3] = [
        &["--database", "x", "query", "select 1"],
        &["--database", "x", "run", "--date", "2018-01-03"],
        &["--database", "x", "check", "--date", "2018-01-03"],
    ];
    let check = |bytes: &[u8], parts: &[&str]| {
        for arguments in commands {
            place.write("x", bytes);
            refused(&place, arguments, parts);
            assert!(std::fs::read(place.path("x")).unwrap() == bytes, "the file was written to");
        }
    };
    check(&b"hello world ".repeat(1000), &["`x` is not a DuckDB database"]);
    check(b"SQLite format 3\0and so on", &["`x` is not a DuckDB database"]);
    check(b"", &["`x` is not a DuckDB database"]);
    check(&good[..5000], &["`x` is damaged", "copy of it that is whole"]);
    let mut damaged = good.clone();
    for byte in &mut damaged[20_000..20_100] {
        *byte ^= 0x5a;
    }
    place.write("x", &damaged);
    refused(&place, &["--database", "x", "query", "from sources.orders"], &["is damaged"]);
    std::fs::remove_file(place.path("x")).unwrap();
    std::fs::create_dir(place.path("x")).unwrap();
    refused(&place, commands[1], &["`x` is not a DuckDB database"]);
    std::fs::remove_dir(place.path("x")).unwrap();
    refused(&place, &["--database", "no/x", "run", "--date", "2018-01-03"], &["there is no database `no/x`"]);
    refused(&place, &["--database", "no/x", "ingest", "raw"], &["does its folder exist"]);
    refused(&place, &["--database", "/dev/null", "run", "--date", "2018-01-03"], &["not a DuckDB database"]);

    place.write("x", &good);
    duckdb::Connection::open(place.path("x"))
        .unwrap()
        .execute_batch("update pipeline.settings set value = '99' where name = 'tables_version'")
        .unwrap();
    refused(&place, commands[1], &["was written by a newer olist"]);
}
