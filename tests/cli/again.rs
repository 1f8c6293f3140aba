//! Again and the same: the same inputs give the same rows, in whatever order they come and on any number of threads, and a
//! date that is built again and again takes no more room.

use super::ingest::gzip;
use super::support::{Place, times};
use super::train::model;

pub const FAST: &str =
    "'rule': {'algorithm': 'sql', 'expression': 'exp(-orders_90d / 90.0 * (45 - recency_days))'},
        'logistic': {'algorithm': 'logistic_regression'},
        'trees': {'algorithm': 'extra_trees', 'trees': 20},";

/// The tables of the small sample as files of the kind that Kaggle has, each with the rows that `rows` gives.
pub fn files(from: &Place, to: &Place, rows: impl Fn(&str) -> String) {
    let conn = duckdb::Connection::open(from.path("olist.duckdb")).unwrap();
    for name in [
        "orders",
        "order_items",
        "order_payments",
        "order_reviews",
        "customers",
        "products",
        "sellers",
        "geolocation",
    ] {
        let file = to.path(&format!("raw-{name}.csv"));
        conn.execute_batch(&format!(
            "copy ({}) to '{}' (header, timestampformat '%Y-%m-%d %H:%M:%S')",
            rows(name),
            file.display()
        ))
        .unwrap();
        to.write(&format!("raw/olist_{name}_dataset.csv.gz"), gzip(&std::fs::read(file).unwrap()));
    }
}

/// Every table that differs between two databases: numbers by more than 1e-9 of their size.
pub fn differences(one: &Place, other: &Place) -> Vec<String> {
    let conn = duckdb::Connection::open_in_memory().unwrap();
    for (name, place) in [("a", one), ("b", other)] {
        let path = place.path("olist.duckdb");
        conn.execute_batch(&format!("attach '{}' as {name} (read_only)", path.display())).unwrap();
    }
    let sql = "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()
        where database_name = 'a' and schema_name in ('features', 'abt', 'scores')
            and column_name not in ('scored_at', 'run_id') and table_name not like '%_profile'";
    let mut statement = conn.prepare(sql).unwrap();
    let columns: Vec<(String, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(columns.len() > 100, "{}", columns.len());
    let mut found = Vec::new();
    for (table, column, kind) in columns {
        let differ = if kind == "DOUBLE" {
            format!(
                "(x.\"{column}\" is null) <> (y.\"{column}\" is null)
                 or abs(x.\"{column}\" - y.\"{column}\") > 1e-9 * greatest(1, abs(x.\"{column}\"))"
            )
        } else {
            format!("x.\"{column}\" is distinct from y.\"{column}\"")
        };
        let key = if table == "features.seller_orders" { "seller_id, order_id" } else { "seller_id" };
        if key.split(", ").any(|name| name == column) {
            continue;
        }
        let sql = format!(
            "select count(*) filter (where x.seller_id is null or y.seller_id is null or {differ}), count(*)
             from a.{table} as x full join b.{table} as y using (reference_date, {key})"
        );
        let (wrong, rows): (i64, i64) =
            conn.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert!(rows > 0, "{table} is empty");
        if wrong > 0 {
            found.push(format!("{table}.{column}: {wrong} of {rows}"));
        }
    }
    found
}

#[test]
#[ignore = "six runs over shuffled files"]
fn shuffled_rows_and_threads_change_nothing() {
    let sample = Place::with_sample();
    let places = [("rowid", "1"), ("hash(rowid)", "4")].map(|(order, threads)| {
        let place = Place::with_churn();
        place.write("models/seller_churn.sql", model(FAST));
        files(&sample, &place, |name| format!("select * from sources.{name} order by {order}"));
        place.olist(&["--threads", threads, "ingest", "raw", "--until", "2018-08-31"]).code(0);
        place.olist(&["--threads", threads, "run", "--date", "2018-06-01"]).code(0);
        place
    });
    let found = differences(&places[0], &places[1]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
#[ignore = "a hundred runs"]
fn a_hundred_reruns_of_a_date_take_no_more_room() {
    let place = Place::with_churn();
    place.olist(&["ingest", "--sample", "--orders", "3000"]).code(0);
    let run = ["run", "--date", "2018-06-01", "--select", "abt.seller_churn", "--force"];
    place.olist(&run).code(0);
    let size = || std::fs::metadata(place.path("olist.duckdb")).unwrap().len();
    let before = size();
    for _ in 0..times(100).max(10) {
        place.olist(&run).code(0);
    }
    let after = size();
    assert!(after * 2 <= before * 3, "{before} bytes became {after}");
}
