//! Reference dates: how a user writes them, and the steps between them.

use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};

use crate::problem::Problem;

/// The distance between two reference dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Every {
    Month,
    Week,
    Day,
}

impl Every {
    /// Its word on the command line and in `config`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
        }
    }

    /// The date `steps` steps after `start`; months keep the day of the start where the month has it.
    pub fn after(self, start: NaiveDate, steps: u32) -> Option<NaiveDate> {
        match self {
            Self::Month => start.checked_add_months(Months::new(steps)),
            Self::Week => start.checked_add_days(Days::new(7 * u64::from(steps))),
            Self::Day => start.checked_add_days(Days::new(u64::from(steps))),
        }
    }

    /// The first day of the period that `date` lies in; weeks are counted from `from`.
    pub fn period(self, date: NaiveDate, from: NaiveDate) -> NaiveDate {
        match self {
            Self::Month => date.with_day(1).unwrap_or(date),
            Self::Week => date - TimeDelta::days((date - from).num_days().rem_euclid(7)),
            Self::Day => date,
        }
    }

    /// All dates from `first` to `last`, both included.
    pub fn range(self, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
        (0..).map_while(|step| self.after(first, step)).take_while(|date| *date <= last).collect()
    }
}

impl FromStr for Every {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        match text {
            "month" => Ok(Self::Month),
            "week" => Ok(Self::Week),
            "day" => Ok(Self::Day),
            other => Err(Problem::usage(format!("`{other}` is not a step; expected month, week or day"))),
        }
    }
}

/// What `--date` accepts: `2018-01-01` or `2018-01-01..2018-06-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    pub first: NaiveDate,
    pub last: NaiveDate,
}

impl FromStr for DateRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let range = Self { first: parse(first)?, last: parse(last)? };
        if range.first > range.last {
            return Err(format!("{} is after {}: write the earlier date first", range.first, range.last));
        }
        Ok(range)
    }
}

/// Parses `YYYY-MM-DD`.
pub fn parse(text: &str) -> Result<NaiveDate, String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| format!("`{text}` is not a date: expected YYYY-MM-DD, for example 2018-06-01"))?;
    // DuckDB's dates reach further, but a year like 20188 is a slip of the finger.
    if (1900..=9999).contains(&date.year()) {
        Ok(date)
    } else {
        Err(format!("the year of {date} is out of range: expected 1900 to 9999"))
    }
}

/// The dates that several `--date` options mean, in order and once each.
pub fn expand(ranges: &[DateRange], every: Every) -> Vec<NaiveDate> {
    let mut dates: Vec<NaiveDate> =
        ranges.iter().flat_map(|range| every.range(range.first, range.last)).collect();
    dates.sort_unstable();
    dates.dedup();
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        parse(text).unwrap()
    }

    #[test]
    fn a_range_holds_both_ends() {
        let range: DateRange = "2018-01-01..2018-03-01".parse().unwrap();
        assert_eq!(expand(&[range], Every::Month), [day("2018-01-01"), day("2018-02-01"), day("2018-03-01")]);
        assert_eq!(expand(&[range, range], Every::Week).len(), 9);
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
}
