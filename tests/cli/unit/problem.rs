//! Mistakes, as they are shown.

use chrono::NaiveDate;
use olist::problem::{Place, Problem, suggest};

#[test]
fn a_problem_shows_file_line_column_date_and_hint() {
    let place = Place::at_offset("features/x.sql", "select\n    foo,\n", 11);
    let problem =
        Problem::usage("no `foo`").at(place).on(NaiveDate::from_ymd_opt(2018, 1, 1).unwrap()).hint("`food`?");
    assert_eq!(
        problem.to_string(),
        "no `foo`\n --> features/x.sql:2:5 (reference date 2018-01-01)\n  |\n2 |     foo,\n  |     ^\n\nhint: `food`?"
    );
}

#[test]
fn only_near_names_are_suggested() {
    assert_eq!(
        suggest("recencey_days", ["recency_days", "order_count"]).unwrap(),
        "did you mean `recency_days`?"
    );
    assert_eq!(suggest("zzz", ["a", "b"]).unwrap(), "there are: a, b");
}

#[test]
fn a_word_is_found_whole() {
    assert_eq!(Place::of_word("f", "labels\nlabel = 1", "label").line, 2);
}
