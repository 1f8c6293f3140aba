//! What Spark makes, beside what DuckDB makes.

use olist::portable::SETTINGS;
use olist::spark::Spark;

use super::super::support::Place;
use super::{DATE, Server, folder_of, on_spark, rows_in, run_of, with_lake};

#[test]
fn every_table_is_the_same_on_both_engines() {
    let Some(server) = Server::shared() else { return };
    let place = with_lake(Place::with_project());
    let dates = ["--date", "2018-01-01", "--date", "2018-03-01", "--date", "2018-05-01"];
    let check = [&["check"][..], &dates].concat();
    let ran =
        place.run(&mut on_spark(&place, server, &check)).code(0).says(&["both engines make the same rows"]);
    let tables = place.query("select count(*) from duckdb_tables() where schema_name in ('features', 'abt')");
    assert_eq!(tables, ["0"], "a check writes nothing");
    let rows: usize = ran.stdout.lines().filter(|line| line.contains("equal")).count();
    assert!(rows >= 3 * 18, "{}", ran.stdout);
}

#[test]
fn a_difference_is_told_by_column_row_and_line() {
    let Some(server) = Server::shared() else { return };
    let place = with_lake(Place::with_churn());
    // The macro is Spark's alone: a mistake in one of the two shows as a difference.
    let own = "{% macro twice(x) %}({{ x }} * 2){% endmacro %}\n";
    place.write("queries/macros/twice.sql", own);
    place.write("queries/macros/spark/twice.sql", own.replace('2', "3"));
    place.write(
        "features/doubled.sql",
        "{{ config(entity = 'seller', key = 'seller_id', description = 'Doubled.') }}
select
    seller_id,  -- Seller
    {{ twice('count(*)') }} as item_count,  -- Items, doubled
from {{ source('order_items') }}
group by seller_id
",
    );
    let check = ["check", "--date", DATE, "--select", "features.doubled"];
    let ran = place.run(&mut on_spark(&place, server, &check)).code(1);
    assert!(ran.stdout.contains("differs"), "{}", ran.stdout);
    ran.says(&["`item_count` differs on Spark in", "seller_id", "and Spark", "features/doubled.sql:4:"]);
}

#[test]
fn a_run_on_spark_gives_the_scores_of_duckdb() {
    let Some(server) = Server::shared() else { return };
    let place = with_lake(Place::with_churn());
    std::fs::copy(place.path("olist.duckdb"), place.path("own.duckdb")).unwrap();
    place.olist(&["run", "--date", DATE, "--database", "own.duckdb"]).code(0);
    place.run(&mut on_spark(&place, server, &["run", "--date", DATE])).code(0);
    let scores = |database: &str| -> Vec<(String, f64)> {
        let sql = "select seller_id, score from scores.seller_churn order by seller_id";
        let ran = place.olist(&["query", "--format", "csv", "--database", database, sql]).code(0);
        let row = |line: &str| {
            let (key, score) = line.split_once(',').unwrap();
            (key.to_owned(), score.parse().unwrap())
        };
        ran.stdout.lines().skip(1).map(row).collect()
    };
    let (own, theirs) = (scores("own.duckdb"), scores("olist.duckdb"));
    assert!(own.len() > 50 && own.len() == theirs.len());
    for ((key, own), (other, theirs)) in own.iter().zip(&theirs) {
        assert!(key == other && (own - theirs).abs() < 1e-9, "{key}: {own}, and on Spark {theirs}");
    }

    // The stores are in the lake; those that a report reads, and the ABT, are in the database too.
    let places = "select distinct table_name, is_here, lake is null from pipeline.partitions
        where table_name like 'features.%' or table_name like 'abt.%' order by all";
    let places = place.query(places);
    assert!(places.contains(&"abt.seller_churn,true,true".to_owned()), "{places:?}");
    assert!(places.contains(&"features.seller_sales,true,false".to_owned()), "{places:?}");
    assert!(places.contains(&"features.seller_orders,false,false".to_owned()), "{places:?}");
    assert_eq!(place.cell("select count(*) from features.seller_orders"), "0");

    // Nothing is left to do, and nothing is amiss.
    place.run(&mut on_spark(&place, server, &["run", "--date", DATE])).code(0).says(&["nothing to do"]);
    let status = place.olist(&["status", "--format", "csv"]).code(0);
    assert!(status.stdout.contains(",built,") && !status.stdout.contains(",stale,"), "{}", status.stdout);

    // DuckDB makes by itself what it does not have, and the ABT stays.
    let ran = place.olist(&["run", "--date", DATE, "--select", "abt.seller_churn"]).code(0);
    ran.says(&["features.seller_orders", "made by another engine"]).does_not_say(&["  abt.seller_churn"]);
}

#[test]
fn checks_hold_on_spark() {
    let Some(server) = Server::shared() else { return };
    let place = with_lake(Place::with_planted());
    let store = |checks: &str| {
        format!(
            "{{{{ config(entity = 'order', key = 'order_id', description = 'Items.', checks = [{checks}]) }}}}
select
    order_id,  -- Order
    count(*) as item_count,  -- Items
from {{{{ source('order_items') }}}}
group by order_id
"
        )
    };
    let run = |code: i32| place.run(&mut run_of(&place, server, "features.baskets")).code(code);
    place.write("features/baskets.sql", store("'item_count < 2'"));
    run(1).says(&["check failed for", "item_count < 2", "for example", "features/baskets.sql:1"]);
    assert_eq!(place.cell("select count(*) from pipeline.partitions"), "0");

    place.write("features/baskets.sql", store("{'expression': 'item_count < 2', 'severity': 'drop'}"));
    run(0).says(&["set aside"]);
    let kept = place.cell("select rows from pipeline.partitions");
    let aside = place.cell("select count(*) from pipeline.quarantine where severity = 'drop'");
    let folder = folder_of(&place, "features.baskets");
    assert_eq!(rows_in(&folder).to_string(), kept);
    assert_ne!(aside, "0");

    place.write("features/baskets.sql", store("{'expression': 'item_count < 2', 'severity': 'warn'}"));
    run(0).says(&["check failed for", "warning"]);

    place.edit("features/baskets.sql", "key = 'order_id'", "key = 'item_count'");
    run(1).says(&["the key (\"item_count\") is not unique"]);
}

#[test]
fn a_source_may_be_a_table_that_spark_has() {
    let Some(server) = Server::shared() else { return };
    let place = with_lake(Place::with_churn());
    let spark = Spark::connect(&server.address(), &SETTINGS).unwrap();
    let tell = |sql: &str| drop(spark.run(sql, None).unwrap_or_else(|failure| panic!("{}", failure.message)));
    let pushed =
        std::fs::read_dir(place.path("lake/sources/orders")).unwrap().next().unwrap().unwrap().path();
    let replace = |rows: &str| {
        tell("drop table if exists shop.orders");
        let from = format!("parquet.`{}`", pushed.display());
        tell(&format!(
            "create table shop.orders using parquet as select * except (known_at) from {from} {rows}"
        ));
    };
    tell("create database if not exists shop");
    replace("");
    place.edit(
        "queries/sources/orders.sql",
        "key = 'order_id',",
        "key = 'order_id',\n    remote = 'shop.orders',",
    );
    let check = ["check", "--date", DATE, "--select", "features.seller_delivery"];
    place.run(&mut on_spark(&place, server, &check)).code(0).says(&["both engines make the same rows"]);
    let run = || place.run(&mut run_of(&place, server, "features.seller_delivery")).code(0);
    run();
    run().says(&["nothing to do"]);
    let rows =
        || place.cell("select rows from pipeline.partitions where table_name = 'features.seller_delivery'");
    let before = rows();
    replace("where order_purchase_timestamp < timestamp '2018-03-01'");
    run().says(&["sources.orders changed"]);
    assert_ne!(rows(), before, "what Spark's table shows now");

    tell("drop table shop.orders");
    let ran = place.run(&mut run_of(&place, server, "features.seller_delivery")).code(2);
    ran.says(&["`shop.orders` cannot be read as sources.orders", "queries/sources/orders.sql:"]);
}
