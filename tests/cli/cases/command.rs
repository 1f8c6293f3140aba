//! `olist test`, as an analyst calls it.

use crate::support::Place;

const FILE: &str = "tests/sql/mine.case";

/// Two orders of a seller, and one review.
const CASE: &str = "\
# What counts is worked out by hand.

case one of two orders has a review
date 2018-01-01
given orders
  order_id | customer_id | order_purchase_timestamp
  o1       | c1          | 2017-12-01 10:00:00
  o2       | c2          | 2017-12-02 10:00:00
given order_items
  order_id | order_item_id | product_id | seller_id | price
  o1       | 1             | p1         | s1        | 10
  o2       | 1             | p1         | s1        | 10
given order_reviews
  review_id | order_id | review_score | review_answer_timestamp
  r1        | o1       | 2            | 2017-12-11 00:00:00
# 1 of 2 orders.
expect features.seller_reviews
  seller_id | reviewed_order_share | bad_review_share | avg_review_score
  s1        | 0.5                  | 1                | 2  
# Here it ends.
";

/// A project with this one file of cases.
fn place(text: &str) -> Place {
    let place = Place::with_churn();
    place.write(FILE, text);
    place
}

#[test]
fn cases_that_hold_are_counted() {
    let ran = place(CASE).olist(&["test"]).code(0).says(&["1 case of 1 table ok, "]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_difference_is_shown_by_key_and_column() {
    let place = place(&CASE.replace("0.5  ", "0.25 "));
    let ran = place.olist(&["test", "seller_reviews"]).code(1);
    let ran = ran.says(&["error: 1 of 1 case not as expected", "hint: `olist test --update`"]);
    ran.prints(
        "tests/sql/mine.case:3: one of two orders has a review\n\
         features.seller_reviews at 2018-01-01\n\
         seller_id  column                expected  got\n\
         s1         reviewed_order_share      0.25  0.5\n\n",
    );
}

#[test]
fn rows_of_one_side_alone_are_told() {
    let place = place(&CASE.replace("  s1        | 0.5   ", "  s2        | 0.5   "));
    let ran = place.olist(&["test", "tests/sql/mine.case:3", "--format", "csv"]).code(1);
    ran.prints(
        "case,title,key,column,expected,got\n\
         tests/sql/mine.case:3,one of two orders has a review,s2,(row),there,missing\n\
         tests/sql/mine.case:3,one of two orders has a review,s1,(row),missing,there\n",
    );
}

#[test]
fn programs_read_every_case() {
    let place = place(&CASE.replace("0.5  ", "0.25 "));
    let ran = place.olist(&["test", "--format", "json"]).code(1);
    let all: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let case = &all[0];
    assert_eq!(case["file"], FILE);
    assert_eq!((&case["line"], &case["ok"]), (&3.into(), &false.into()));
    assert_eq!(
        case["differences"],
        serde_json::json!([{"key": ["s1"], "column": "reviewed_order_share", "expected": "0.25", "got": "0.5"}])
    );
    assert!(case["milliseconds"].as_f64().unwrap() > 0.0);
}

/// What is wrong with a case is told at its line, with what is near.
#[test]
fn mistakes_of_a_case_are_told_at_their_line() {
    let mistakes: [(&str, &str, &[&str]); 14] = [
        (
            "features.seller_reviews",
            "features.seller_review",
            &[
                "no table `features.seller_review`",
                "mine.case:17:8",
                "did you mean `features.seller_reviews`?",
            ],
        ),
        ("given order_reviews", "given reviews", &["no source `reviews`", "mine.case:13:7", "order_reviews"]),
        (
            "| review_score |",
            "| review_scor |",
            &["no column `review_scor`", "mine.case:14:26", "did you mean `review_score`?"],
        ),
        (
            "bad_review_share",
            "bad_reviews_shar",
            &["bad_reviews_shar", "mine.case:18:38 (reference date 2018-01-01)", "bad_review_share"],
        ),
        (
            "2017-12-02 10:00:00",
            "2017-13-02 10:00:00",
            &["`2017-13-02 10:00:00` is no timestamp, which `order_purchase_timestamp` is", "mine.case:8:28"],
        ),
        ("| 10\n", "| ten\n", &["`ten` is no decimal(12,2), which `price` is", "mine.case:11:55"]),
        ("date 2018-01-01", "date 2018-02-30", &["`2018-02-30` is not a date", "mine.case:4:1"]),
        ("date 2018-01-01\n", "", &["this case has no `date`", "mine.case:3:1"]),
        (
            "  o2       | c2          | 2017",
            "  o2       | 2017",
            &["2 cells below 3 columns", "mine.case:8:3"],
        ),
        (
            "expect ",
            "expects ",
            &["`expects` begins no line of a case", "mine.case:17:1", "did you mean `expect`?"],
        ),
        (
            "  s1        | 0.5",
            "s1        | 0.5",
            &["`s1` begins no line of a case; rows are indented", "mine.case:19:1"],
        ),
        ("given order_reviews", "given orders", &["rows of `orders` are given already", "mine.case:13:1"]),
        ("case one", "date 2018-01-01\ncase one", &["this stands before the first case", "mine.case:3:1"]),
        (
            "expect features.seller_reviews\n",
            "expect features.seller_reviews\nwhere avg_review_scor > 1\n",
            &["avg_review_scor", "mine.case:18:7", "avg_review_score"],
        ),
    ];
    for (right, wrong, parts) in mistakes {
        assert!(CASE.contains(right), "{right}");
        place(&CASE.replacen(right, wrong, 1)).olist(&["test"]).code(2).says(parts);
    }
}

#[test]
fn what_is_wrong_with_a_file_does_not_hide_the_others() {
    let place = place(CASE);
    place.write("tests/sql/broken.case", "case without a date\nexpect features.seller_sales\n  seller_id\n");
    place.write("tests/sql/more.case", CASE.replace("0.5  ", "0.25 "));
    let ran = place.olist(&["test"]).code(2);
    let ran = ran.says(&["this case has no `date`", "1 of 2 cases not as expected", "1 case of 1 table ok"]);
    assert!(ran.stdout.starts_with("tests/sql/more.case:3: "), "{}", ran.stdout);
}

#[test]
fn a_case_or_a_table_that_is_not_there_is_told() {
    let place = place(CASE);
    place
        .olist(&["test", "seller_review"])
        .code(2)
        .says(&["no cases of `seller_review`", "`seller_reviews`?"]);
    std::fs::remove_file(place.path(FILE)).unwrap();
    place.olist(&["test"]).code(2).says(&["there are no cases: no file of tests/sql/", "olist test --new"]);
}

/// One mistake in a store is one error, at its line, whatever cases there are of it.
#[test]
fn a_mistake_in_a_store_is_told_once() {
    let place = place(&format!("{CASE}\n{}", CASE.replace("case one", "case again one")));
    place.edit("features/seller_reviews.sql", "median(review_score)", "median(review_scor)");
    let ran = place.olist(&["test"]).code(2).says(&[
        "features/seller_reviews.sql:44:16 (reference date 2018-01-01)",
        "in the case of tests/sql/mine.case:3: one of two orders has a review",
    ]);
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_check_that_a_case_does_not_pass_is_told_with_the_case() {
    let place = place(CASE);
    place.edit("features/seller_reviews.sql", "'avg_review_score between 1 and 5'", "'avg_review_score > 3'");
    place
        .olist(&["test"])
        .code(1)
        .says(&["check failed for 1 of 1 rows: avg_review_score > 3", "in the case of"]);
}

/// What checks set aside is no row of the table.
#[test]
fn rows_that_checks_drop_do_not_come_out() {
    let place = place(CASE);
    place.edit(
        "features/seller_reviews.sql",
        "'avg_review_score between 1 and 5'",
        "{'expression': 'avg_review_score > 3', 'severity': 'drop'}",
    );
    let ran = place.olist(&["test", "--format", "csv"]).code(1);
    assert!(ran.stdout.ends_with(",s1,(row),there,missing\n"), "{}", ran.stdout);
}

/// Comments, layout and all other lines stay; a column grows where it has to.
#[test]
fn an_update_rewrites_expected_rows_and_nothing_else() {
    let wrong = CASE
        .replace("  s1        | 0.5                  | 1                | 2  ", "  s1        | 0.25                 | 1                | 2.5\n  s9        | 0                    | 0                | 1");
    let place = place(&wrong);
    let ran = place.olist(&["test", "--update"]).code(0).says(&["tests/sql/mine.case: 1 case rewritten"]);
    assert!(ran.stdout.contains("reviewed_order_share"), "{}", ran.stdout);
    let right = wrong
        .replace(
            "| 0.25                 | 1                | 2.5\n",
            "| 0.5                  | 1                | 2.0\n",
        )
        .replace("  s9        | 0                    | 0                | 1\n", "");
    assert_eq!(place.read(FILE), right);
    place.olist(&["test"]).code(0);
    place.olist(&["test", "--update"]).code(0);
    assert_eq!(place.read(FILE), right);
}

#[test]
fn an_update_adds_rows_and_widens_columns_in_the_files_own_way() {
    let narrow = "expect features.seller_reviews\r\n  seller_id | reviewed_order_share\r\n# None?\r\n";
    let given = CASE.split("expect ").next().unwrap().replace('\n', "\r\n").replace("s1", "a_long_seller");
    let place = place(&format!("{given}{narrow}"));
    place.olist(&["test", "--update"]).code(0);
    let wide = "expect features.seller_reviews\r\n  seller_id     | reviewed_order_share\r\n  a_long_seller | 0.5\r\n# None?\r\n";
    assert_eq!(place.read(FILE), format!("{given}{wide}"));
}

#[test]
fn built_in_cases_run_and_are_not_rewritten() {
    let place = Place::new();
    place.olist(&["test", "seller_reviews"]).code(0).says(&["5 cases of 1 table ok"]);
    let new = ["test", "--new", "seller_reviews", "--key", "x", "--date", "2018-01-01", "--database", "x"];
    place.olist(&new).code(2).says(&["no database `x`"]);
}

/// A threshold that is another one breaks a case: the shipped cases hold the stores.
#[test]
fn edits_of_stores_break_shipped_cases() {
    let edits = [
        ("seller_reviews", "features/seller_reviews.sql", "review_score <= 2", "review_score <= 3"),
        ("seller_churn", "queries/macros/constants.sql", "45", "44"),
    ];
    for (table, file, from, to) in edits {
        let place = Place::with_churn();
        let cases = olist::project::Project::built_in().cases().unwrap();
        let case = format!("tests/sql/{table}.case");
        place.write(&case, &cases[&case]);
        let text = place.read(file);
        assert!(text.contains(from), "{file}");
        place.write(file, text.replace(from, to));
        let ran = place.olist(&["test", table]).code(1);
        assert!(ran.stdout.contains(&case), "{}", ran.stdout);
    }
}
