//! Tables on stdout, and the small words beside them.

use olist::output::{Table, strict};
use olist::term::{counted, thousands};
use serde_json::Value;

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

#[test]
fn the_longest_cells_are_cut_to_the_width_of_a_terminal() {
    let mut table = Table::new(&["seller", "why", "score"]);
    table.push(vec!["0123456789abcdef".into(), "late, and ever later".into(), "0.5".into()]);
    let text = table.cut_to(30).unwrap().text();
    assert_eq!(text, "seller      why         score\n012345678…  late, and…    0.5\n");
    assert!(table.cut_to(46).is_none() && table.cut_to(20).is_none());
}

#[test]
fn csv_quotes_and_json_has_numbers() {
    assert_eq!(table().csv().unwrap(), "seller,score\n\"a, b\",0.5\nc,12\n");
    assert!(table().json().unwrap().contains("\"score\": 0.5"));
}

#[test]
fn numbers_that_json_does_not_have_are_null() {
    let json = r#"{"a":NaN,"b":[-Infinity,1],"c":"NaN, \\\"Infinity","NaN":-NaN}"#;
    assert_eq!(strict(json), r#"{"a":null,"b":[null,1],"c":"NaN, \\\"Infinity","NaN":null}"#);
    let mut table = Table::new(&["x"]);
    for cell in ["NaN", "-inf", "1"] {
        table.push(vec![cell.into()]);
    }
    let cells: Vec<Value> = serde_json::from_str(&table.json().unwrap()).unwrap();
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
