//! Which partitions are built, and what stays where one fails.

use crate::support::Place;

#[test]
fn again_there_is_nothing_to_do() {
    let place = Place::with_sample();
    let ledger = "select max(built_at), count(*) from pipeline.partitions";
    let before = place.cell(ledger);
    let runs = place.cell("select count(*) from pipeline.runs");
    place
        .olist(&["run", "--date", "2018-06-01"])
        .code(0)
        .says(&["nothing to do: everything is built and unchanged"]);
    assert_eq!(place.cell(ledger), before);
    assert_eq!(place.cell("select count(*) from pipeline.runs"), runs);
}

#[test]
fn force_gives_the_same_rows() {
    let place = Place::with_sample();
    let digest = "select md5(string_agg(t::varchar, ';' order by seller_id)) from (
        select * replace (round(lifetime_revenue_brl, 4) as lifetime_revenue_brl) from features.seller_sales
        where reference_date = date '2018-06-01') as t";
    let before = place.cell(digest);
    let built = place.cell("select built_at from pipeline.partitions where table_name = 'features.seller_sales' and reference_date = date '2018-06-01'");
    place
        .olist(&["run", "--date", "2018-06-01", "--select", "features.seller_sales", "--force"])
        .code(0)
        .says(&["features.seller_sales", "--force"]);
    assert_eq!(place.cell(digest), before);
    assert_ne!(place.cell("select built_at from pipeline.partitions where table_name = 'features.seller_sales' and reference_date = date '2018-06-01'"), built);
    let twice = "select count(*) from pipeline.partitions where table_name = 'features.seller_sales' and reference_date = date '2018-06-01'";
    assert_eq!(place.cell(twice), "1");
}

#[test]
fn ranges_and_steps() {
    let place = Place::with_sample();
    place
        .olist(&[
            "run",
            "--date",
            "2018-03-05..2018-03-20",
            "--every",
            "week",
            "--select",
            "features.seller_sales",
        ])
        .code(0);
    let dates = "select distinct reference_date from features.seller_sales
                 where reference_date between date '2018-03-02' and date '2018-03-31' order by all";
    assert_eq!(place.query(dates), ["2018-03-05", "2018-03-12", "2018-03-19"]);
    place
        .olist(&["run", "--date", "2018-03-25", "--date", "2018-03-26", "--select", "features.seller_sales"])
        .code(0);
    assert_eq!(place.query(dates).len(), 5);
    place.olist(&["run", "--date", "2018-03-05..2018-02-01"]).code(2).says(&["write the earlier date first"]);
}

#[test]
fn select_means_a_table_and_all_it_needs() {
    let place = Place::with_sample();
    let built = |date: &str| {
        place.query(&format!(
            "select table_name from pipeline.partitions where reference_date = date '{date}' order by 1"
        ))
    };
    place.olist(&["run", "--date", "2018-03-07", "--select", "seller_reviews"]).code(0);
    assert_eq!(built("2018-03-07"), ["features.seller_orders", "features.seller_reviews"]);
    place.olist(&["run", "--date", "2018-03-08", "--select", "abt.seller_churn"]).code(0);
    assert_eq!(built("2018-03-08").len(), 8);
    place.olist(&["run", "--date", "2018-03-09", "--select", "features.seller_reviews+"]).code(0);
    assert!(built("2018-03-09").contains(&"scores.seller_churn".to_owned()), "{:?}", built("2018-03-09"));
    place
        .olist(&["run", "--date", "2018-03-09", "--select", "seller_review"])
        .code(2)
        .complains("error: --select seller_review: there is no such table or model\n\nhint: did you mean `seller_reviews`?\n");
}

#[test]
fn a_failed_check_leaves_the_earlier_partition() {
    let place = Place::with_sample();
    let rows = "select count(*) from features.seller_sales where reference_date = date '2018-06-01'";
    let (before, columns) =
        (place.cell(rows), "select count(*) from duckdb_columns() where table_name = 'seller_sales'");
    let width = place.cell(columns);
    place.edit("features/seller_sales.sql", "checks = [", "checks = [\n        'order_count < 3',");
    place.edit(
        "features/seller_sales.sql",
        "final as (\n    select\n        seller_id,",
        "final as (\n    select\n        1 as one,\n        seller_id,",
    );
    place.olist(&["run", "--date", "2018-06-01", "--select", "features.seller_sales"]).code(1).says(&[
        "check failed for ",
        "order_count < 3",
        "features/seller_sales.sql:",
        "reference date 2018-06-01",
        "for example",
        "the earlier partition stays",
    ]);
    assert_eq!(place.cell(rows), before);
    assert_eq!(place.cell(columns), width, "the table was altered although the check failed");
}

#[test]
fn a_date_beyond_the_data_is_refused() {
    let place = Place::with_sample();
    place.olist(&["run", "--date", "2018-09-02"]).code(1).says(&[
        "reference date 2018-09-02 is too late: data until 2018-08-31",
        "the last possible --date is 2018-09-01",
    ]);
    let early = ["run", "--date", "2015-01-01", "--select", "features.seller_sales"];
    place.olist(&early).code(0).says(&["reference date 2015-01-01 is before all data, which begin on 201"]);
}

#[test]
fn dates_of_an_older_load_are_told() {
    let place = Place::with_project();
    let run =
        |date: &str| place.olist(&["run", "--date", date, "--select", "features.seller_reviews"]).code(0);
    place.olist(&["ingest", "--sample", "--orders", "1500"]).code(0);
    for date in ["2018-03-01", "2018-04-01", "2018-05-01"] {
        run(date).does_not_say(&["older sources"]);
    }
    place.olist(&["ingest", "--sample", "--orders", "1500", "--seed", "7"]).code(0);
    run("2018-05-01")
        .says(&["2 other dates of", "rest on older sources: --date 2018-03-01..2018-04-01 builds again"]);
    run("2018-03-01..2018-04-01").does_not_say(&["older sources"]);
}
