//! What a load leaves alone: a partition is built again only where its sources show something else at its date.

use super::again::{FAST, differences, files};
use super::support::Place;
use super::train::model;

fn whole(name: &str) -> String {
    format!("select * from sources.{name}")
}

/// What the last run built, as `table date`.
fn built(place: &Place) -> Vec<String> {
    place.query(
        "select table_name || ' ' || reference_date from pipeline.partitions
         where run_id = (select run_id from pipeline.runs order by started_at desc limit 1) order by all",
    )
}

#[test]
#[ignore = "half a minute of months"]
fn a_month_more_builds_no_earlier_store_again() {
    let sample = Place::with_sample();
    let (place, scratch) = (Place::with_churn(), Place::with_churn());
    for place in [&place, &scratch] {
        place.write("models/seller_churn.sql", model(FAST));
    }
    files(&sample, &place, |name| format!("select * from sources.{name}_as_of(date '2018-07-01')"));
    place.olist(&["ingest", "raw", "--until", "2018-06-30"]).code(0).does_not_say(&["something else"]);
    place.olist(&["run", "--date", "2018-06-01..2018-07-01"]).code(0);
    files(&sample, &place, whole);
    place
        .olist(&["ingest", "raw", "--until", "2018-08-31"])
        .code(0)
        .says(&["sources show something else from these reference dates on", "\n  2018-07-02  "]);
    let run = ["run", "--date", "2018-06-01..2018-08-01"];
    place.olist(&run).code(0).does_not_say(&["older sources"]);
    let again: Vec<String> = built(&place).into_iter().filter(|line| line.as_str() < "z").collect();
    let again: Vec<&String> = again.iter().filter(|line| !line.ends_with("2018-08-01")).collect();
    // Their labels were not all known yet; no score depends on that.
    assert_eq!(again, ["abt.seller_churn 2018-06-01", "abt.seller_churn 2018-07-01"]);
    place.olist(&run).code(0).says(&["nothing to do"]);

    files(&sample, &scratch, whole);
    scratch.olist(&["ingest", "raw", "--until", "2018-08-31"]).code(0);
    scratch.olist(&run).code(0);
    let found = differences(&place, &scratch);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_corrected_review_leaves_the_dates_before_it_alone() {
    let sample = Place::with_sample();
    let place = Place::with_churn();
    files(&sample, &place, whole);
    place.olist(&["ingest", "raw", "--until", "2018-08-31"]).code(0);
    let run =
        |dates: &str| place.olist(&["run", "--date", dates, "--select", "features.seller_reviews"]).code(0);
    run("2018-02-01..2018-05-01");
    files(&sample, &place, |name| match name {
        "order_reviews" => "select * replace (case when review_id = (
                select min(review_id) from sources.order_reviews
                where known_at::date = date '2018-03-10' and review_score = 5
            ) then 1 else review_score end as review_score)
            from sources.order_reviews"
            .to_owned(),
        _ => whole(name),
    });
    place
        .olist(&["ingest", "raw", "--until", "2018-08-31"])
        .code(0)
        .says(&["stays:\n  2018-03-11  order_reviews\n"])
        .does_not_say(&["  orders"]);
    run("2018-02-01..2018-03-01").says(&[
        "nothing to do",
        "2 other dates of features.seller_reviews rest on older sources: --date 2018-04-01..2018-05-01",
    ]);
    run("2018-04-01..2018-05-01").says(&["sources.order_reviews changed", "built 2 partitions"]);
    run("2018-02-01..2018-05-01").says(&["nothing to do"]).does_not_say(&["older sources"]);
}
