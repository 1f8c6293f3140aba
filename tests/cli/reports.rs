//! Reports as views, in the database and in published copies.

use duckdb::Connection;

use super::support::Place;

const RUN: [&str; 3] = ["run", "--date", "2018-06-01"];
const VIEWS: &str = "select string_agg(view_name, ' ' order by view_name) from duckdb_views()
    where schema_name = 'reports'";

fn report(sql: &str) -> String {
    format!("{{{{ config(description = 'Mine, for a test') }}}}\n{sql}\n")
}

#[test]
fn a_report_is_a_view_of_the_newest_scores() {
    let place = Place::with_sample();
    let same = || {
        let by_name = place.olist(&["query", "seller_churn_to_call", "--format", "csv"]).code(0).stdout;
        assert!(by_name.lines().count() > 50, "{by_name}");
        let by_view = place.olist(&["query", "from reports.seller_churn_to_call", "--format", "csv"]).code(0);
        by_view.prints(&by_name);
    };
    same();
    // The project of this test has no other model, and says so.
    assert_eq!(place.cell(VIEWS), "seller_churn_to_call");
    place.olist(&RUN).code(0).says(&["no views of deals_to_help, orders_to_rescue, "]);
    let about = "select comment from duckdb_views() where view_name = 'seller_churn_to_call'";
    assert!(place.cell(about).ends_with("(2018-06-01)\""), "{}", place.cell(about));

    place.olist(&["run", "--date", "2018-07-01"]).code(0);
    assert!(place.cell(about).ends_with("(2018-07-01)\""));
    same();
    // A column gets another type: DuckDB does not read the view of before.
    place.edit(
        "features/seller_reviews.sql",
        "avg(review_score) as avg_review_score",
        "avg(review_score)::float as avg_review_score",
    );
    place.olist(&["run", "--date", "2018-07-01"]).code(0);
    same();
}

#[test]
fn a_view_comes_and_goes_with_its_file() {
    let place = Place::with_sample();
    place.write("queries/reports/mine.sql", report("select seller_id from {{ ref('scores.seller_churn') }}"));
    place.olist(&RUN).code(0);
    assert_eq!(place.cell("select count(*) > 0 from reports.mine"), "true");
    std::fs::remove_file(place.path("queries/reports/mine.sql")).unwrap();
    place.olist(&RUN).code(0);
    assert_eq!(place.cell(VIEWS), "seller_churn_to_call");
}

#[test]
fn a_report_with_a_mistake_fails_at_its_line_and_its_view_stays() {
    let place = Place::with_sample();
    let file = "queries/reports/mine.sql";
    place.write(file, report("select 42 as answer from {{ ref('scores.seller_churn') }} limit 1"));
    place.olist(&RUN).code(0);
    for (sql, says) in [
        ("select scor from {{ ref('scores.seller_churn') }}", "near it there is: score"),
        ("delete from scores.seller_churn", "only a SELECT is run here"),
        ("select 1 as a; select 2 as b", "one query at a time"),
        ("from read_csv('secret.csv')", "reads what is no table of the database"),
        ("select 1 as a from warehouse.scores.seller_churn", "schema and table are enough"),
    ] {
        place.write(file, report(sql));
        place.olist(&RUN).code(2).says(&["  failed  reports.mine", "--> queries/reports/mine.sql:2:", says]);
        assert_eq!(place.cell("select answer from reports.mine"), "42", "{sql}");
    }
    let failed = "select count(*) from pipeline.failures where table_name = 'reports.mine'";
    assert_eq!(place.cell(failed), "1");
    std::fs::remove_file(place.path(file)).unwrap();
    place.olist(&RUN).code(0);
    assert_eq!(place.cell(failed), "0");
    place.write("queries/reports/No-Name.sql", report("select 1 as a"));
    place.olist(&RUN).code(2).says(&["cannot be the name of a table"]);
}

#[test]
fn what_others_made_in_the_schema_stays() {
    let place = Place::with_sample();
    let conn = Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute_batch(
        "create table reports.mine as select 7 as a; create view reports.yours as select 8 as a",
    )
    .unwrap();
    conn.close().unwrap();
    place.write("queries/reports/mine.sql", report("select 1 as a"));
    place.olist(&RUN).code(2).says(&["there is a `reports.mine` in the database that olist did not make"]);
    assert_eq!(place.cell("select mine.a + yours.a from reports.mine, reports.yours"), "15");
}

#[test]
fn a_published_copy_has_the_reports() {
    let place = Place::with_sample();
    place.write("queries/reports/orders.sql", report("select count(*) as orders from sources.orders"));
    place.olist(&["run", "--date", "2018-06-01", "--publish", "shared.duckdb"]).code(0);
    let conn = Connection::open(place.path("shared.duckdb")).unwrap();
    let cell = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let rows: i64 = place.cell("select count(*) from reports.seller_churn_to_call").parse().unwrap();
    assert_eq!(cell("select count(*) from reports.seller_churn_to_call"), rows);
    // What reads sources, which the copy does not have, is a table.
    assert_eq!(
        cell("select orders from reports.orders").to_string(),
        place.cell("select count(*) from sources.orders")
    );
    let kinds = "select string_agg(table_type, ' ' order by table_name) = 'BASE TABLE VIEW' from information_schema.tables
        where table_schema = 'reports'";
    assert!(conn.query_row(kinds, [], |row| row.get::<_, bool>(0)).unwrap());
    let comments = "select count(*) from (select comment from duckdb_views() where schema_name = 'reports'
        union all select comment from duckdb_tables() where schema_name = 'reports') where comment like '%(2018-%'";
    assert_eq!(cell(comments), 2);
    conn.close().unwrap();
    let named = place.olist(&["query", "from nothing.at_all", "--database", "shared.duckdb"]).code(2);
    named.says(&["reports.orders", "reports.seller_churn_to_call"]);
}
