//! What of the sources decides a build.

use anyhow::Result;
use chrono::{Days, NaiveDate};

use crate::ingest::{self, Loads};
use crate::problem::Problem;
use crate::term;
use crate::warehouse::{Warehouse, ident};

pub struct Loaded {
    /// Of every source.
    pub loads: Loads,
    pub data_until: NaiveDate,
}

impl Loaded {
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let loads = Loads::read(warehouse)?;
        match ingest::data_until(warehouse)? {
            Some(data_until) if !loads.is_empty() => Ok(Self { loads, data_until }),
            _ => Err(Problem::data("no orders are loaded")
                .hint("`olist ingest DIR` loads Kaggle's files, `olist ingest --sample` the synthetic marketplace")
                .into()),
        }
    }

    /// The midnight after data until: the last date at which everything before it is known.
    pub fn last_date(&self) -> NaiveDate {
        self.data_until.checked_add_days(Days::new(1)).unwrap_or(self.data_until)
    }

    /// # Errors
    /// A reference date needs days that are not, or not wholly, in the warehouse.
    pub fn check(&self, date: NaiveDate) -> Result<()> {
        if date <= self.last_date() {
            return Ok(());
        }
        Err(Problem::data(format!("reference date {date} is too late: data until {}", self.data_until))
            .hint(format!(
                "the last possible --date is {}; load newer files, or say `olist ingest … --until` if that day is wrong",
                self.last_date()
            ))
            .into())
    }

    /// Whether nothing was known yet at a date: its tables are right, and empty. Says on which day the data begin.
    pub fn begins_after(&self, warehouse: &Warehouse, date: NaiveDate) -> Result<Option<NaiveDate>> {
        let first =
            |source: &String| format!("select min(known_at)::date as day from sources.{}", ident(source));
        let moments: Vec<String> = self.loads.sources().map(first).collect();
        let sql = format!("select min(day) from ({})", moments.join(" union all "));
        let first = warehouse.row(&sql, &[], |row| row.get::<_, Option<NaiveDate>>(0))?.flatten();
        Ok(first.filter(|first| date <= *first))
    }

    /// Says so where that is the first date of a build.
    pub fn warn_of_no_data(&self, warehouse: &Warehouse, date: NaiveDate) -> Result<()> {
        if let Some(first) = self.begins_after(warehouse, date)? {
            term::warn(&format!("reference date {date} is before all data, which begin on {first}"));
        }
        Ok(())
    }
}
