//! Analysts read the file with clients older than the DuckDB inside: here Python's, of the oldest release that must do.

use super::python;
use super::support::Place;

const OLDEST: &str = "1.4.0";

#[test]
#[ignore = "a Python with DuckDB"]
fn an_older_client_reads_scores_and_as_of_relations() {
    let Some(python) = python::with(&format!("duckdb-{OLDEST}"), &[&format!("duckdb=={OLDEST}")]) else {
        return;
    };
    let place = Place::with_sample();
    let script = "
import duckdb
conn = duckdb.connect('olist.duckdb', read_only=True)
print(conn.execute('select count(*) from scores.seller_churn').fetchone()[0])
print(conn.execute(\"select count(*) from sources.orders_as_of(date '2018-01-01')\").fetchone()[0])
print(conn.execute('select count(*) from registry.models').fetchone()[0])
print(conn.execute('select count(*) from reports.seller_churn_to_call').fetchone()[0])
";
    let printed = python::prints(&python, &place.path(""), script, &[]);
    let ours = [
        "select count(*) from scores.seller_churn",
        "select count(*) from sources.orders_as_of(date '2018-01-01')",
        "select count(*) from registry.models",
        "select count(*) from reports.seller_churn_to_call",
    ]
    .map(|sql| place.cell(sql));
    assert_eq!(printed.lines().collect::<Vec<_>>(), ours);
    assert_ne!(ours[0], "0");
}
