//! Ranges of dates: history, forecasts and back-casts.

use crate::support::Place;

#[test]
#[ignore = "months of trainings"]
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
fn back_casts_are_told_in_one_line_a_model() {
    let place = Place::with_sample();
    let range = ["run", "--date", "2018-03-01..2018-06-01"];
    let line = "warning: seller_churn: 2018-03-01 to 2018-05-01 (3 dates) are back-casts by version 1, trained through \
                2018-06-01, which has seen what followed; the same range in a new database (--database FILE, loaded \
                alike) is the history that monthly runs would have left\n";
    let ran = place.olist(&range).code(0).says(&[line]);
    assert_eq!(ran.stderr.matches("back-cast").count(), 1, "{}", ran.stderr);
    // They are what they are when nothing is left to do.
    place.olist(&range).code(0).says(&["nothing to do", line]);
    place.olist(&["run", "--date", "2018-06-01"]).code(0).does_not_say(&["back-cast"]);
    place.olist(&["run", "--date", "2018-05-01"]).code(0).says(&["2018-05-01 is a back-cast by version 1"]);
}

/// What the warning promises: in a new database nothing of the range has seen what followed.
#[test]
#[ignore = "five months of trainings"]
fn a_range_in_a_new_database_has_no_back_casts() {
    let place = Place::with_churn();
    place.olist(&["ingest", "--sample", "--orders", "12000"]).code(0);
    place
        .olist(&["run", "--date", "2018-03-01..2018-06-01"])
        .code(0)
        .does_not_say(&["back-cast"])
        .says(&["trained as of 2018-03-01", "trained as of 2018-06-01"]);
    let scores = "select count(distinct reference_date), bool_and(trained_through <= reference_date) from scores.seller_churn";
    assert_eq!(place.query(scores), ["4,true"]);
}

#[test]
fn a_report_is_of_the_newest_date_of_its_own_scores() {
    let place = Place::with_sample();
    place.olist(&["run", "--date", "2018-04-01", "--select", "scores.seller_churn"]).code(0);
    // Features of a later date, without scores, do not move it.
    place.olist(&["run", "--date", "2018-07-01", "--select", "features.seller_sales"]).code(0);
    let newest = place.olist(&["query", "seller_churn_to_call", "--format", "csv"]).code(0);
    let june = ["query", "seller_churn_to_call", "--date", "2018-06-01", "--format", "csv"];
    let april = ["query", "seller_churn_to_call", "--date", "2018-04-01", "--format", "csv"];
    assert_eq!(newest.stdout, place.olist(&june).code(0).stdout);
    assert_ne!(newest.stdout, place.olist(&april).code(0).stdout);
}
