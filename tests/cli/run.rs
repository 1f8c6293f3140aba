//! `olist run`: the main job, again and the same, all or nothing.

use super::support::Place;

#[test]
fn a_newcomers_first_command_ends_in_scores() {
    let place = Place::new();
    let ran = place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&[
        "there is no database yet: loading the synthetic marketplace (100,000 orders)",
        "seller_churn: trained as of 2018-06-01",
        "rule_of_thumb",
        "read them again:\n  olist query \"select * from scores.seller_churn where reference_date = date '2018-06-01' order by rank\"",
    ]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 11, "{}", ran.stdout);
    assert!(lines[0].starts_with("seller_id"), "{}", ran.stdout);
    // The query it shows works, and a score is a probability.
    let rows = place
        .query("select * from scores.seller_churn where reference_date = date '2018-06-01' order by rank");
    assert!(rows.len() > 300, "{} rows", rows.len());
    let sane =
        "select bool_and(score between 0 and 1) and min(rank) = 1 and min(decile) = 1 and max(decile) = 10
                and bool_and(trained_through <= date '2018-06-01') from scores.seller_churn";
    assert_eq!(place.cell(sane), "true");
    sample_is_neither_hopeless_nor_perfect(&place);
}

/// Issue of the sample's own making: the learned models have to find something, and the rule must not win.
fn sample_is_neither_hopeless_nor_perfect(place: &Place) {
    let mean = |which: &str| -> f64 {
        let sql =
            format!("select avg(value) from registry.metrics where metric = 'roc_auc' and candidate {which}");
        place.cell(&sql).parse().unwrap()
    };
    let rule = mean("= 'rule_of_thumb'");
    let champion = mean("= (select candidate from registry.models where version = 1)");
    assert!((0.75..0.92).contains(&champion), "out-of-time AUC of the champion on the sample: {champion}");
    assert!(champion > rule + 0.005, "rule {rule}, champion {champion}");
}

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
    assert_eq!(built("2018-03-07"), ["features.seller_reviews"]);
    place.olist(&["run", "--date", "2018-03-08", "--select", "abt.seller_churn"]).code(0);
    assert_eq!(built("2018-03-08").len(), 7);
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
        "select\n        days.seller_id,",
        "select\n        1 as one,\n        days.seller_id,",
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
}

#[test]
fn months_in_order_are_the_history_that_monthly_runs_leave() {
    let place = Place::with_sample();
    place.olist(&["run", "--date", "2018-07-01..2018-09-01"]).code(0);
    let scores = place.query(
        "select reference_date, any_value(model_version), bool_and(trained_through <= reference_date)
         from scores.seller_churn group by 1 order by 1",
    );
    assert_eq!(scores, ["2018-06-01,1,true", "2018-07-01,2,true", "2018-08-01,3,true", "2018-09-01,4,true"]);
    let reigns = "select count(*) filter (where until is null), count(*) from registry.champions";
    assert_eq!(place.query(reigns), ["1,4"]);
    // A date before all training is scored by the present champion, and says so.
    place.olist(&["run", "--date", "2017-06-01"]).code(0);
    let back = "select any_value(model_version), bool_and(trained_through > reference_date)
                from scores.seller_churn where reference_date = date '2017-06-01'";
    assert_eq!(place.query(back), ["4,true"]);
}

#[test]
fn quiet_prints_data_only() {
    let place = Place::with_sample();
    let ran =
        place.olist(&["run", "--date", "2018-06-01", "--quiet", "--format", "csv"]).code(0).complains("");
    assert!(
        ran.stdout.starts_with("seller_id,score,rank,decile,model_version,trained_through\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_foreign_database_is_left_alone() {
    let place = Place::new();
    let file = place.path("other.duckdb");
    duckdb::Connection::open(&file).unwrap().execute_batch("create table mine as select 1 as a").unwrap();
    place
        .olist(&["run", "--date", "2018-06-01", "--database", "other.duckdb"])
        .code(2)
        .says(&["is a database of something else", "`main.mine`"]);
    place.write(
        "text.duckdb",
        "this is no database, only a text that is long enough to be looked at".repeat(100),
    );
    place
        .olist(&["run", "--date", "2018-06-01", "--database", "text.duckdb"])
        .code(2)
        .says(&["is not a DuckDB database"]);
    place
        .olist(&["run", "--date", "2018-06-01", "--database", "no/folder/x.duckdb"])
        .code(2)
        .says(&["does its folder exist"]);
}

#[test]
fn names_of_files_and_schemas_do_not_collide() {
    let place = Place::new();
    place.olist(&["ingest", "--sample", "--orders", "2000", "--database", "features.duckdb"]).code(0);
    place
        .olist(&["run", "--date", "2018-06-01", "--select", "seller_sales", "--database", "features.duckdb"])
        .code(0);
}
