//! A bad day: what fails stops what depends on it and nothing else, and the next run takes it up.

use super::support::Place;

/// Fails at one date.
const NOT_IN_JULY: &str = "checks = [\n        \"reference_date <> date '2018-07-01'\",";

#[test]
fn a_partition_that_fails_stops_what_depends_on_it_and_nothing_else() {
    let place = Place::with_sample();
    place.edit("features/seller_reviews.sql", "checks = [", NOT_IN_JULY);
    place
        .olist(&["run", "--date", "2018-07-01..2018-08-01", "--publish", "copy.duckdb"])
        .code(1)
        .says(&[
            "  failed  features.seller_reviews      2018-07-01  check failed for ",
            "  skipped abt.seller_churn             2018-07-01  needs features.seller_reviews\n",
            "  skipped scores.seller_churn          2018-07-01  needs abt.seller_churn\n",
            "published ",
            "error: check failed for ",
            "--> features/seller_reviews.sql:",
        ])
        .does_not_say(&["nothing to do"]);
    let scored = "select string_agg(distinct reference_date::varchar, ' ' order by reference_date::varchar)
        from scores.seller_churn";
    assert_eq!(place.cell(scored), "2018-06-01 2018-08-01");
    assert!(place.path("copy.duckdb").exists());
    let failures =
        "select table_name || ' ' || reference_date || ' ' || (message like 'features/seller_reviews.sql:%')
        from pipeline.failures";
    assert_eq!(place.query(failures), ["features.seller_reviews 2018-07-01 true"]);
    let last = "select outcome from pipeline.runs order by started_at desc limit 1";
    assert_eq!(place.cell(last), "failed");
    // Built in spite of it, where nothing of the day before it is needed.
    let other = "select count(*) > 0 from features.seller_sales where reference_date = date '2018-07-01'";
    assert_eq!(place.cell(other), "true");

    place.edit("features/seller_reviews.sql", NOT_IN_JULY, "checks = [");
    place.olist(&["run", "--date", "2018-07-01..2018-08-01"]).code(0).does_not_say(&["failed", "skipped"]);
    assert_eq!(place.cell(scored), "2018-06-01 2018-07-01 2018-08-01");
    assert_eq!(place.query(failures), [""; 0]);
    assert_eq!(place.cell(last), "done");
}

#[test]
fn a_mistake_that_is_made_at_every_date_is_told_once() {
    let place = Place::with_sample();
    place.write(
        "features/slip.sql",
        "{{ config(entity = 'seller', key = 'seller_id', description = 'Sellers') }}\nselect\n    seller_id,\n    \
         cast(seller_state as integer) as state,  -- A number\nfrom {{ source('sellers') }}\n",
    );
    let run = place.olist(&[
        "run",
        "--date",
        "2018-01-01..2018-06-01",
        "--select",
        "features.slip",
        "--select",
        "features.seller_sales",
    ]);
    let run = run.code(1).says(&["and at 5 other dates", "6 dates  "]);
    assert_eq!(run.stderr.matches("features/slip.sql:4").count(), 1, "{}", run.stderr);
    let built = "select count(distinct reference_date) from features.seller_sales";
    assert!(place.cell(built).parse::<i32>().unwrap() >= 6);
}

#[test]
fn a_model_that_cannot_be_trained_is_scored_by_its_champion_and_others_go_on() {
    let place = Place::with_sample();
    let text = place.read("models/seller_churn.sql");
    place.write("models/other.sql", text);
    place.edit("models/seller_churn.sql", "'features_per_split': 6,", "'features_per_split': 600,");
    place.olist(&["run", "--date", "2018-07-01"]).code(2).says(&[
        "seller_churn: cannot be trained as of 2018-07-01: the training failed; scored by the champion there is",
        "  failed  models.seller_churn          2018-07-01  ",
        "--> models/seller_churn.sql:",
        "other: version 1",
    ]);
    for model in ["seller_churn", "other"] {
        let rows =
            format!("select count(*) > 0 from scores.{model} where reference_date = date '2018-07-01'");
        assert_eq!(place.cell(&rows), "true", "{model}");
    }
}

#[test]
fn select_and_exclude_take_patterns() {
    let place = Place::with_sample();
    let built = |date: &str| {
        place.query(&format!(
            "select table_name from pipeline.partitions where reference_date = date '{date}' order by all"
        ))
    };
    place.olist(&["run", "--date", "2018-03-07", "--select", "features.*_reviews"]).code(0);
    assert!(built("2018-03-07").contains(&"features.seller_reviews".to_owned()));
    assert!(built("2018-03-07").iter().all(|table| table.starts_with("features.")));
    place.olist(&["run", "--date", "2018-03-08", "--exclude", "seller_review?"]).code(0);
    assert!(built("2018-03-08").contains(&"features.seller_sales".to_owned()));
    assert!(!built("2018-03-08").iter().any(|table| table.contains("reviews") || table.contains("abt")));
    place
        .olist(&["run", "--date", "2018-03-08", "--exclude", "seller_revews"])
        .code(2)
        .complains("error: --exclude seller_revews: there is no such table or model\n\nhint: did you mean `seller_reviews`?\n");
}
