//! `olist status`.

use super::support::Place;

#[test]
fn status_shows_what_is_built_stale_missing_and_failed() {
    let place = Place::with_sample();
    let status = place.olist(&["status"]).code(0).says(&["data until 2018-08-31", "synthetic"]);
    let wide = status.stdout.lines().filter(|line| line.chars().count() > 80).count();
    assert_eq!(wide, 0, "{}", status.stdout);
    for part in [
        "abt.seller_churn ",
        "scores.seller_churn ",
        "seller_churn: version 1 (`",
        "is trained: version 1 is 92 days old",
    ] {
        assert!(status.stdout.contains(part), "`{part}` is not in\n{}", status.stdout);
    }
    place.edit(
        "features/seller_reviews.sql",
        "final as (\n    select\n        seller_id,",
        "final as (\n    select\n        seller_id,\n        42 as answer,  -- The answer",
    );
    place.edit("features/seller_sales.sql", "checks = [", "checks = [\n        'order_count < 0',");
    place.olist(&["run", "--date", "2018-06-01", "--select", "features.seller_sales"]).code(1);
    let rows = |state: &str| {
        let all = place.olist(&["status", "--format", "json"]).code(0).stdout;
        let all: serde_json::Value = serde_json::from_str(&all).unwrap();
        let is_it = |row: &&serde_json::Value| row["state"] == state && row["reference_date"] == "2018-06-01";
        let tables = all["partitions"].as_array().unwrap().iter().filter(is_it);
        tables
            .map(|row| format!("{}: {}", row["table_name"].as_str().unwrap(), row["why"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let failed = rows("failed");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].starts_with("features.seller_sales: features/seller_sales.sql:"), "{failed:?}");
    assert_eq!(
        rows("stale"),
        [
            "features.seller_reviews: its SQL changed",
            "abt.seller_churn: features.seller_reviews changed, and 1 more",
            "scores.seller_churn: abt.seller_churn changed",
        ]
    );
    place.write("features/slip.sql", "{{ config(entity = 'x' }}\nselect 1 as x\n");
    place
        .olist(&["status", "--select", "features.seller_delivery"])
        .code(2)
        .says(&["--> features/slip.sql:1"]);
}

#[test]
fn nothing_is_built_yet() {
    let place = Place::with_planted_sample();
    let status = place.olist(&["status"]).code(0);
    assert!(status.stdout.contains("nothing is built yet"), "{}", status.stdout);
    place
        .olist(&["status", "--database", "other.duckdb"])
        .code(2)
        .says(&["there is no database `other.duckdb`"]);
}

#[test]
fn latest_is_the_day_after_data_until() {
    let place = Place::with_sample();
    let run = ["run", "--date", "2018-08-01..latest", "--select", "features.seller_reviews"];
    place.olist(&run).code(0);
    let dates =
        "select string_agg(reference_date::varchar, ' ' order by reference_date) from pipeline.partitions
        where table_name = 'features.seller_reviews' and reference_date > date '2018-06-01'";
    assert_eq!(place.cell(dates), "2018-08-01 2018-09-01");
    place.olist(&["run", "--date", "latest..2018-08-01"]).code(2).says(&["write `2018-08-01..latest`"]);
}
