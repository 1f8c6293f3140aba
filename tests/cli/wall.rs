//! The wall before scores: what is not like the training is refused, told with its numbers, and the earlier scores stay.

use super::support::Place;

const RUN: [&str; 3] = ["run", "--date", "2018-06-01"];

/// A sample with a fast champion, its scores, and a file for the model that can be edited.
fn trained() -> Place {
    let place = super::train::with_candidates("'logistic': {'algorithm': 'logistic_regression'},");
    place.once(&RUN).code(0);
    place
}

/// The ABT of the date as other data would have made it: a version scores by its own files, whatever is edited.
fn with_other_rows(place: &Place, change: &str) {
    let connection = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    connection
        .execute_batch(&format!(
            "{change};
             update pipeline.partitions set rows = (
                 select count(*) from abt.seller_churn where reference_date = date '2018-06-01'
             )
             where table_name = 'abt.seller_churn' and reference_date = date '2018-06-01';
             update pipeline.partitions set fingerprint = '' where table_name = 'scores.seller_churn'"
        ))
        .unwrap();
}

#[track_caller]
fn is_refused(place: &Place, says: &[&str]) {
    let before =
        place.cell("select md5(string_agg(s::varchar, '' order by seller_id)) from scores.seller_churn as s");
    let score = ["score", "seller_churn", "--date", "2018-06-01"];
    place.olist(&score).code(1).says(says).says(&[
        "does not score 2018-06-01",
        "the earlier scores stay",
        "--force",
    ]);
    assert_eq!(
        place.cell("select md5(string_agg(s::varchar, '' order by seller_id)) from scores.seller_churn as s"),
        before
    );
}

#[test]
fn an_input_in_another_unit_is_refused() {
    let place = trained();
    with_other_rows(
        &place,
        "update abt.seller_churn set recency_days = recency_days * 24 where reference_date = date '2018-06-01'",
    );
    is_refused(&place, &["input `recency_days` is far from what was trained on: PSI "]);
}

#[test]
fn an_input_that_is_the_same_for_all_is_refused() {
    let place = trained();
    with_other_rows(
        &place,
        "update abt.seller_churn set orders_90d = 0 where reference_date = date '2018-06-01'",
    );
    is_refused(&place, &["input `orders_90d` is 0 in all "]);
}

#[test]
fn a_tenth_of_the_rows_is_refused() {
    let place = trained();
    place.olist(&["run", "--date", "2018-01-01..2018-05-01"]).code(0);
    place.edit(
        "abt/seller_churn.sql",
        "where recency_days <= {{ patience_days() }}",
        "where recency_days <= {{ patience_days() }} and seller_id < '05'",
    );
    let rows = "select count(*) from abt.seller_churn where reference_date = date '2018-06-01'";
    let before = place.cell(rows);
    place.olist(&RUN).code(1).says(&[
        "abt/seller_churn.sql:1:4",
        "reference date 2018-06-01",
        "rows, where the last dates had ",
        "gone since the last date are, for example, ",
        "the earlier partition stays",
        "--select abt.seller_churn --force",
    ]);
    assert_eq!(place.cell(rows), before);
    place.edit("abt/seller_churn.sql", " and seller_id < '05'", "");
    with_other_rows(
        &place,
        "delete from abt.seller_churn where reference_date = date '2018-06-01' and seller_id >= '05'",
    );
    is_refused(&place, &["abt.seller_churn has ", "rows, where the last dates had "]);
}

#[test]
fn scores_that_are_all_the_same_are_refused() {
    let place = super::train::with_candidates("'rule': {'algorithm': 'sql', 'expression': '0.3'},");
    let says = ["rows get the same, 0.3", "does not score 2018-06-01"];
    place.olist(&RUN).code(1).says(&says);
    let forced = ["score", "seller_churn", "--date", "2018-06-01", "--force"];
    place.olist(&forced).code(0).says(&says).says(&["scored all the same, because of --force"]);
}
