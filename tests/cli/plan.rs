//! `olist plan`: what an edit does is seen before it is done, and is not computed twice.

use super::support::Place;
use super::train::{RULE, model};

fn place() -> Place {
    let place = Place::with_sample();
    place.write("models/seller_churn.sql", model(RULE));
    place.once(&["run", "--date", "2018-06-01", "--accept"]).code(0);
    place
}

fn edit(place: &Place) {
    place.edit(
        "features/seller_reviews.sql",
        "final as (\n    select\n        seller_id,",
        "final as (\n    select\n        seller_id,\n        42 as answer,  -- The answer",
    );
}

#[test]
fn an_edit_is_tried_and_taken_over() {
    let place = place();
    let plan = ["plan", "--date", "2018-06-01"];
    place.olist(&plan).code(0).says(&["nothing to do"]);
    assert!(!place.path("olist.duckdb.plan").exists());
    edit(&place);
    let before = std::fs::read(place.path("olist.duckdb")).unwrap();
    let ran = place.olist(&plan).code(3).says(&["nothing is written yet"]);
    for part in [
        "\nfeatures.seller_reviews\n",
        "dates: its SQL changed\n  + column answer\n",
        "\nabt.seller_churn\n",
        "\nseller_churn\n  version 3, trained as of 2018-06-01, becomes champion\n",
        "  2018-06-01: ",
    ] {
        assert!(ran.stdout.contains(part), "`{part}` is not in\n{}", ran.stdout);
    }
    assert!(before == std::fs::read(place.path("olist.duckdb")).unwrap(), "the database was written");
    assert_eq!(place.cell("select count(*) from duckdb_columns() where column_name = 'answer'"), "0");

    place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&[
        "built 0 partitions, ",
        " over from `olist plan`",
        "seller_churn: version 3, as `olist plan` has trained it: features/seller_reviews.sql changed since version 2",
        "new column answer",
    ]);
    assert_eq!(place.cell("select distinct answer from features.seller_reviews"), "42");
    let kept = "select (select count(*) from registry.metrics where version = 3) > 0
        and (select count(*) from registry.contests where version = 3) = 1
        and (select count(*) from registry.champions where until is null) = 1
        and (select count(distinct item) = count(*) and max(version) = 3 from registry.outbox)";
    assert_eq!(place.cell(kept), "true");
    assert!(!place.path("olist.duckdb.plan").exists());
    place.olist(&plan).code(0).says(&["nothing to do"]);
}

#[test]
fn what_differs_is_told_by_row_and_column() {
    let place = place();
    place.edit(
        "features/seller_reviews.sql",
        "\nselect * from final",
        "\nselect * from final\nwhere seller_id not like '0%'",
    );
    let select = ["plan", "--date", "2018-06-01", "--select", "features.seller_reviews"];
    let ran = place.olist(&select).code(3);
    assert!(ran.stdout.contains("\n  - "), "{}", ran.stdout);
    let json = place.olist(&[&select[..], &["--format", "json"]].concat()).code(3).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let table = &json["tables"][0];
    assert_eq!(table["table"], "features.seller_reviews");
    assert_eq!(table["dates"]["2018-06-01"], "its SQL changed");
    let (gone, before, after) = (&table["rows_removed"]["rows"], &table["rows_before"], &table["rows_after"]);
    assert_eq!(gone.as_i64().unwrap(), before.as_i64().unwrap() - after.as_i64().unwrap());
    assert!(table["rows_removed"]["example"].as_str().unwrap().contains("seller_id "));
    // Another edit: what was built for the first one is of no use.
    place.edit("features/seller_reviews.sql", "not like '0%'", "not like '1%'");
    place
        .olist(&["run", "--date", "2018-06-01", "--select", "features.seller_reviews"])
        .code(0)
        .does_not_say(&["over from"]);
    let left = "select count(*) from features.seller_reviews where reference_date = date '2018-06-01' and seller_id like '1%'";
    assert_eq!(place.cell(left), "0");
}

#[test]
fn a_plan_that_fails_changes_nothing() {
    let place = place();
    place.edit("features/seller_reviews.sql", "checks = [", "checks = [\n        'max_review_score < 0',");
    let ran = place.olist(&["plan", "--date", "2018-06-01"]).code(1);
    let ran = ran.says(&["  failed  features.seller_reviews", "--> features/seller_reviews.sql:"]);
    assert!(!ran.stdout.contains("becomes champion"), "{}", ran.stdout);
    assert_eq!(place.cell("select count(*) from pipeline.failures"), "0");
    place.olist(&["plan", "--database", "none.duckdb"]).code(2).says(&["there is no database `none.duckdb`"]);
}
