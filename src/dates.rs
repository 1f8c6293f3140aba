//! Reference dates: how a user writes them, and the steps between them.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use clap::ValueEnum;

use crate::problem::Problem;

/// The distance between two reference dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Every {
    Month,
    Fortnight,
    Week,
    Day,
}

impl Every {
    /// Its word on the command line and in `config`.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |word| word.get_name().to_owned())
    }

    /// The date `steps` steps after `start`; months keep the day of the start where the month has it.
    pub fn after(self, start: NaiveDate, steps: u32) -> Option<NaiveDate> {
        match self {
            Self::Month => start.checked_add_months(Months::new(steps)),
            _ => start.checked_add_days(Days::new(u64::from(self.days()) * u64::from(steps))),
        }
    }

    /// The first day of the period that `date` lies in; weeks are counted from `from`.
    pub fn period(self, date: NaiveDate, from: NaiveDate) -> NaiveDate {
        match self {
            Self::Month => date.with_day(1).unwrap_or(date),
            _ => date - TimeDelta::days((date - from).num_days().rem_euclid(self.days().into())),
        }
    }

    /// About so many; of a month, as many as the longest has.
    const fn days(self) -> u32 {
        match self {
            Self::Month => 31,
            Self::Fortnight => 14,
            Self::Week => 7,
            Self::Day => 1,
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
        ValueEnum::from_str(text, false).map_err(|_| {
            Problem::usage(format!("`{text}` is not a step; expected month, fortnight, week or day"))
        })
    }
}

/// The word for the last reference date that the data allow.
const LATEST: &str = "latest";

/// What `--date` accepts: `2018-01-01`, `2018-01-01..2018-06-01`, `latest` or `2018-01-01..latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// `None` is the latest date.
    pub first: Option<NaiveDate>,
    pub last: Option<NaiveDate>,
}

impl DateRange {
    pub const fn needs_latest(&self) -> bool {
        self.first.is_none() || self.last.is_none()
    }
}

impl FromStr for DateRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let day = |text| if text == LATEST { Ok(None) } else { parse(text).map(Some) };
        let range = Self { first: day(first)?, last: day(last)? };
        match (range.first, range.last) {
            (Some(first), Some(last)) if first > last => {
                Err(format!("{first} is after {last}: write the earlier date first"))
            }
            (None, Some(last)) => Err(format!("`latest` is not before {last}: write `{last}..latest`")),
            _ => Ok(range),
        }
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
pub fn expand(ranges: &[DateRange], every: Every, latest: NaiveDate) -> Vec<NaiveDate> {
    let of = |range: &DateRange| every.range(range.first.unwrap_or(latest), range.last.unwrap_or(latest));
    let mut dates: Vec<NaiveDate> = ranges.iter().flat_map(of).collect();
    dates.sort_unstable();
    dates.dedup();
    dates
}

/// The options of a command line that mean `dates`; of many without a common step, the first ones.
pub fn options(dates: &BTreeSet<NaiveDate>) -> String {
    const MOST: usize = 5;
    let (Some(&first), Some(&last)) = (dates.first(), dates.last()) else { return String::new() };
    let is_range = |every: Every| every.range(first, last).iter().eq(dates);
    match Every::value_variants().iter().find(|every| is_range(**every)) {
        _ if first == last => format!("--date {first}"),
        Some(Every::Month) => format!("--date {first}..{last}"),
        Some(every) => format!("--date {first}..{last} --every {}", every.name()),
        None => {
            let some: Vec<String> = dates.iter().take(MOST).map(|date| format!("--date {date}")).collect();
            format!("{}{}", some.join(" "), if dates.len() > MOST { " …" } else { "" })
        }
    }
}
