//! Reference dates, and how a user writes them.

use chrono::NaiveDate;
use olist::dates::{DateRange, Every, expand, options, parse};

fn day(text: &str) -> NaiveDate {
    parse(text).unwrap()
}

#[test]
fn a_range_holds_both_ends() {
    let range: DateRange = "2018-01-01..2018-03-01".parse().unwrap();
    assert_eq!(
        expand(&[range], Every::Month, day("2018-06-01")),
        [day("2018-01-01"), day("2018-02-01"), day("2018-03-01")]
    );
    assert_eq!(expand(&[range, range], Every::Week, day("2018-06-01")).len(), 9);
}

#[test]
fn months_keep_the_day_of_the_start() {
    let dates = Every::Month.range(day("2018-01-31"), day("2018-03-31"));
    assert_eq!(dates, [day("2018-01-31"), day("2018-02-28"), day("2018-03-31")]);
}

#[test]
fn periods_begin_where_a_month_or_week_begins() {
    let (from, date) = (day("2018-01-03"), day("2018-02-15"));
    assert_eq!(Every::Month.period(date, from), day("2018-02-01"));
    assert_eq!(Every::Week.period(date, from), day("2018-02-14"));
    assert_eq!(Every::Week.period(day("2018-01-01"), from), day("2017-12-27"));
    assert_eq!(Every::Day.period(date, from), date);
}

#[test]
fn slips_are_explained() {
    assert!("2018-13-01".parse::<DateRange>().unwrap_err().contains("YYYY-MM-DD"));
    assert!("2018-02-01..2018-01-01".parse::<DateRange>().unwrap_err().contains("earlier date first"));
}

#[test]
fn options_mean_their_dates() {
    let of = |texts: &[&str]| options(&texts.iter().map(|text| day(text)).collect());
    assert_eq!(of(&["2018-01-01"]), "--date 2018-01-01");
    assert_eq!(of(&["2018-01-01", "2018-02-01", "2018-03-01"]), "--date 2018-01-01..2018-03-01");
    assert_eq!(of(&["2018-01-03", "2018-01-10"]), "--date 2018-01-03..2018-01-10 --every week");
    assert_eq!(of(&["2018-01-03", "2018-01-05"]), "--date 2018-01-03 --date 2018-01-05");
}
