//! Both engines: the tables of the project at three dates, and the list of functions, row by row.

use std::fs;
use std::path::Path;

use olist::portable::SETTINGS;
use serde_json::{Value as Json, json};

use super::translated::Both;
use super::{of, probes};
use crate::python;
use crate::support::Place;

const PACKAGES: [&str; 3] = [python::PYSPARK, "pyarrow==26.0.1", "duckdb==2.0.1"];

/// Prints a line a step: `ok`, or what differs.
const SCRIPT: &str = include_str!("../scripts/spark.py");

/// Runs the steps, each of them a SELECT for both engines, and fails where one differs.
#[track_caller]
fn compare(place: &Place, database: &Path, views: &Json, steps: &[Json]) {
    let Some(python) = python::with_java("spark", &PACKAGES) else { return };
    let settings: serde_json::Map<String, Json> =
        SETTINGS.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let plan = json!({"settings": settings, "views": views, "steps": steps});
    place.write("plan.json", plan.to_string());
    let database = database.display().to_string();
    let told = python::prints(&python, &place.path("."), SCRIPT, &[&database]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), steps.len(), "{told}");
    assert!(lines.iter().all(|line| line.starts_with("ok ")), "{told}");
}

#[test]
#[ignore = "needs Java, and a minute"]
fn every_function_of_the_list_gives_the_same_rows() {
    let place = Place::new();
    let step =
        |sql: String| json!({"name": sql, "duckdb": sql, "spark": of(&sql).unwrap(), "is_ordered": true});
    let steps: Vec<Json> = probes().into_iter().map(step).collect();
    compare(&place, &place.path("none.duckdb"), &json!({}), &steps);
}

/// All tables and the inputs of all models, each made of Spark's own tables, from the sources on.
fn tables_are_the_same(place: &Place, date: &str) {
    place.olist(&["run", "--date", date, "--select", "features.*", "--select", "abt.*"]).code(0);
    let both = Both::at(date);
    let mut views: Vec<Json> = both
        .sources
        .keys()
        .map(|name| json!([format!("sources_{name}"), "duckdb", format!("from sources.{name}")]))
        .collect();
    views.extend(both.sources.iter().map(|(name, sql)| json!([format!("{name}_as_of"), "spark", sql])));
    let step = |name: &String| {
        json!({
            "name": name, "duckdb": both.for_duckdb(name), "spark": both.for_spark(name),
            "view": name.replace('.', "_"), "date": date,
        })
    };
    let steps: Vec<Json> = both.catalog.order.iter().map(step).collect();
    compare(place, &place.path("olist.duckdb"), &json!(views), &steps);
}

/// `REAL=FILE`, a database that `olist ingest` has made of Kaggle's files: it is copied.
#[test]
#[ignore = "needs Java, minutes, and the real data"]
fn every_table_of_the_real_data_is_the_same_on_spark() {
    let Some(real) = std::env::var_os("REAL") else {
        eprintln!("SKIPPED: REAL=FILE names a database of the real data");
        return;
    };
    let place = Place::with_project();
    fs::copy(real, place.path("olist.duckdb")).unwrap();
    for date in ["2018-01-01", "2018-03-01", "2018-05-01"] {
        tables_are_the_same(&place, date);
    }
}
