//! What tables and columns are, and from where.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::support::Place;

#[test]
fn a_column_is_followed_from_the_file_to_the_score() {
    let place = Place::with_sample();
    let told = place.olist(&["docs", "seller_churn.log_expected_90"]).code(0).stdout;
    for part in [
        "ln(daily_orders_90d * horizon_days)  (models/seller_churn.sql:",
        "abt.seller_churn.orders_90d",
        "features.seller_sales.orders_90d",
        "olist_orders_dataset.order_purchase_timestamp",
        "scores.seller_churn.score",
    ] {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
    let told = place.olist(&["docs", "features.seller_sales.order_count"]).code(0).stdout;
    assert!(told.contains("is      Distinct orders\n  type    bigint, count\n"), "{told}");
    assert!(told.contains("from    features.seller_orders.*\n"), "{told}");

    // Its line is the line of the file, and its numbers are those of the table.
    let json = place.olist(&["docs", "features.seller_sales.order_count", "--format", "json"]).code(0).stdout;
    let json: Json = serde_json::from_str(&json).unwrap();
    let column = &json[0]["column"];
    let file = std::fs::read_to_string(place.path("features/seller_sales.sql")).unwrap();
    let line = usize::try_from(column["line"].as_u64().unwrap()).unwrap();
    assert!(file.lines().nth(line - 1).unwrap().contains("order_count"), "{column}");
    let newest = "from features.seller_sales where reference_date = date '2018-06-01'";
    assert_eq!(column["statistics"]["rows"].to_string(), place.cell(&format!("select count(*) {newest}")));
    let max = column["statistics"]["max"].as_str().unwrap();
    assert_eq!(max, place.cell(&format!("select max(order_count) {newest}")));
}

#[test]
fn nothing_of_the_sample_is_lost() {
    let place = Place::with_sample();
    place.olist(&["docs", "--out", "docs.html"]).code(0);
    let page = std::fs::read_to_string(place.path("docs.html")).unwrap();
    assert!(!page.contains("could not be followed"));
    assert!(page.contains("Synthetic data"));
    assert!(page.len() < 2_000_000 && !page.contains("http:") && !page.contains("https:"), "{}", page.len());
    let all = |mark: &str| -> BTreeSet<&str> {
        page.split(mark).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    };
    let (ids, links) = (all(" id=\""), all("href=\"#"));
    let dead: Vec<_> = links.difference(&ids).collect();
    assert!(dead.is_empty(), "links to nowhere: {dead:?}");
    let columns = place.query(
        "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
         where database_name = 'warehouse' and schema_name in ('features', 'abt', 'sources')
             and table_name not like '%_history' and table_name not like '%_profile'",
    );
    for column in &columns {
        assert!(ids.contains(column.as_str()), "{column} is not on the page");
    }
    // An earlier page is replaced, and nothing else is.
    place.olist(&["docs", "--out", "docs.html"]).code(0);
    place.olist(&["docs", "--out", "models/seller_churn.sql"]).code(2).says(&["no page of olist"]);
}

#[test]
fn what_is_not_there_is_told() {
    let place = Place::with_sample();
    place
        .olist(&["docs", "order_cuont"])
        .code(2)
        .says(&["no table and no column `order_cuont`", "order_count"]);
    let list = place.olist(&["docs", "seller_id"]).code(0).stdout;
    assert!(list.lines().count() > 8 && list.contains("features.seller_reviews"), "{list}");
    let list = place.olist(&["docs"]).code(0).stdout;
    assert!(list.contains("scores.seller_churn") && list.contains("sources.orders"), "{list}");
    let of_table = place.olist(&["docs", "features.seller_reviews"]).code(0).stdout;
    // A review has one to five stars; only what a model says is a probability.
    assert!(of_table.contains("avg_review_score") && !of_table.contains("probability"), "{of_table}");
    let of_scores = place.olist(&["docs", "scores.seller_churn"]).code(0).stdout;
    assert!(of_scores.contains("probability, 0..1"), "{of_scores}");
    // A table that is not built yet has its SQL, and no columns.
    place.write(
        "features/seller_new.sql",
        "{{ config(entity = 'seller', key = 'seller_id', description = 'New.') }}\n\
         select seller_id, count(*) as n,  -- Orders\nfrom {{ source('order_items') }}\ngroup by seller_id\n",
    );
    place.olist(&["docs", "features.seller_new"]).code(0).says(&["New."]);
}
