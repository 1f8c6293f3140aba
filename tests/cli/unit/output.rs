//! Tables on stdout, and the small words beside them.

use olist::output::{Table, strict};
use olist::term::{counted, thousands};

fn table() -> Table {
    let mut table = Table::new(&["seller", "score"]);
    table.push(vec!["a, b".into(), "0.5".into()]);
    table.push(vec!["c".into(), "12".into()]);
    table
}

#[test]
fn numbers_stand_to_the_right() {
    assert_eq!(table().text(), "seller  score\na, b      0.5\nc          12\n");
}

fn wide() -> Table {
    let mut table = Table::new(&["seller_id", "why", "mean_review_score"]);
    table.push(vec!["0123456789abcdef".into(), "late, and ever later".into(), "0.5".into()]);
    table
}

#[test]
fn a_table_that_is_too_wide_loses_texts_and_no_ids() {
    // Names of columns in lines, then texts cut; below that nothing is left to cut.
    let text = wide().fitted(48).unwrap().text();
    assert_eq!(
        text,
        "seller_id         why                     mean_\n                                        review_\n                                          score\n\
         0123456789abcdef  late, and ever later      0.5\n"
    );
    let text = wide().fitted(37).unwrap().text();
    assert!(text.ends_with("\n0123456789abcdef  late, and…      0.5\n"), "{text}");
    assert!(wide().fitted(34).is_none());
    assert_eq!(wide().fitted(57).unwrap().text(), wide().text());
}

#[test]
fn the_first_columns_that_fit() {
    let names = |width: usize| {
        let table = wide();
        let (first, others) = table.first_columns(width);
        (first.text().lines().next().unwrap().to_owned(), others.to_vec())
    };
    assert_eq!(names(30), ("seller_id         why".into(), vec!["mean_review_score".to_owned()]));
    assert_eq!(names(5).0, "seller_id");
}

#[test]
fn one_row_a_block() {
    assert_eq!(table().records(), "-[ 1 ]-\nseller  a, b\nscore   0.5\n-[ 2 ]-\nseller  c\nscore   12\n");
}

#[test]
fn csv_quotes_and_json_has_numbers() {
    assert_eq!(table().csv().unwrap(), "seller,score\n\"a, b\",0.5\nc,12\n");
    assert_eq!(table().values()[0]["score"], 0.5);
}

#[test]
fn numbers_that_json_does_not_have_are_null() {
    let json = r#"{"a":NaN,"b":[-Infinity,1],"c":"NaN, \\\"Infinity","NaN":-NaN}"#;
    assert_eq!(strict(json), r#"{"a":null,"b":[null,1],"c":"NaN, \\\"Infinity","NaN":null}"#);
    let mut table = Table::new(&["x"]);
    for cell in ["NaN", "-inf", "1"] {
        table.push(vec![cell.into()]);
    }
    let cells = table.values();
    assert_eq!(cells.iter().map(|row| row["x"].to_string()).collect::<Vec<_>>(), ["null", "null", "1"]);
}

#[test]
fn thousands_are_separated() {
    assert_eq!(thousands(0), "0");
    assert_eq!(thousands(999), "999");
    assert_eq!(thousands(1_000_163), "1,000,163");
    assert_eq!(counted(1, "row"), "1 row");
    assert_eq!(counted(1200, "row"), "1,200 rows");
}
