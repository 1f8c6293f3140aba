//! The loads of each source, and how far back one shows what the one before it showed.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{Days, NaiveDate};

use super::Loader;
use super::as_of::as_of_query;
use crate::warehouse::{Warehouse, joined};

/// Days after the last date at which nothing differs that are looked at one by one.
const NEXT_DAYS: u64 = 62;
/// Dates that are compared at once: where all is different, the first of them tells.
const AT_ONCE: [usize; 3] = [1, 8, usize::MAX];

struct Load {
    version: String,
    equal_until: Option<NaiveDate>,
}

/// The loads of every source that is loaded now, the newest first.
pub struct Loads(BTreeMap<String, Vec<Load>>);

impl Loads {
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let sql = "select source, version, equal_until from pipeline.loads
            where source in (select source from pipeline.loads where is_current) order by load_id desc";
        let mut loads: BTreeMap<String, Vec<Load>> = BTreeMap::new();
        for (source, version, equal_until) in warehouse.rows(sql, &[], |row| row.try_into())? {
            loads.entry(source).or_default().push(Load { version, equal_until });
        }
        Ok(Self(loads))
    }

    /// Reads sources elsewhere from now on, each in its version there.
    pub fn supersede(&mut self, versions: &BTreeMap<String, String>) {
        self.0.extend(versions.clone().into_iter().collect::<Self>().0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn sources(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// The version of a source that is loaded.
    pub fn current(&self, source: &str) -> Option<&str> {
        Some(&self.0.get(source)?.first()?.version)
    }

    /// Whether the source shows strictly before midnight of `date` what it showed as `version`. Without a date: whether it
    /// was not loaded again.
    pub fn is_same(&self, source: &str, version: &str, date: Option<NaiveDate>) -> bool {
        for load in self.0.get(source).into_iter().flatten() {
            if load.version == version {
                return true;
            }
            if date.is_none_or(|date| load.equal_until.is_none_or(|until| until < date)) {
                return false;
            }
        }
        false
    }
}

impl FromIterator<(String, String)> for Loads {
    /// Sources that were loaded once.
    fn from_iter<T: IntoIterator<Item = (String, String)>>(versions: T) -> Self {
        let load = |(name, version)| (name, vec![Load { version, equal_until: None }]);
        Self(versions.into_iter().map(load).collect())
    }
}

/// How a load differs from the one before.
#[derive(Default)]
pub struct Difference {
    /// The last date for which something was built at which, as at all before it, the source shows what it showed.
    pub equal_until: Option<NaiveDate>,
    /// The first reference date at which it shows something else, of those looked at.
    pub from: Option<NaiveDate>,
    /// Whether anything was built, so that dates were looked at.
    pub is_known: bool,
}

impl Loader<'_> {
    /// Keeps the rows of the last load for `difference`.
    pub fn keep_before(self) -> Result<()> {
        let sql = format!("create or replace temp table before as from {}", self.source.table());
        Ok(self.warehouse.batch(&sql)?)
    }

    /// Compares the rows that `keep_before` kept with those that are there now, at all dates for which something was built.
    pub fn difference(self) -> Result<Difference> {
        let (warehouse, table) = (self.warehouse, self.source.table());
        let built = "select reference_date from pipeline.partitions
            union select labels_until from pipeline.partitions where labels_until is not null order by all";
        let built: Vec<NaiveDate> = warehouse.rows(built, &[], |row| row.get(0))?;
        let (is_known, last) = (!built.is_empty(), built.last().copied());
        // The same rows, in whatever order, are most of what a load brings.
        let rows = |of: &str| format!("(select (count(*), bit_xor(hash(t)), sum(hash(t))) from {of} as t)");
        let is_equal = format!("select {} = {}", rows("temp.before"), rows(&table));
        if warehouse.one(&is_equal, &[], |row| row.get::<_, Option<bool>>(0))? == Some(true) {
            warehouse.batch("drop table temp.before")?;
            return Ok(Difference { equal_until: last, from: None, is_known });
        }
        warehouse.batch(&format!(
            "create or replace temp table gone as from before except all from {table};
             create or replace temp table come as from {table} except all from before;
             drop table temp.before"
        ))?;
        let first = self.first_difference(&built)?;
        let equal_until = built.into_iter().take_while(|date| first.is_none_or(|first| *date < first)).last();
        let next: Vec<NaiveDate> = equal_until
            .into_iter()
            .flat_map(|until| (1..=NEXT_DAYS).map(move |days| until + Days::new(days)))
            .take_while(|date| first.is_none_or(|first| *date <= first))
            .collect();
        let from = self.first_difference(&next)?.or(first);
        warehouse.batch("drop table temp.gone; drop table temp.come")?;
        Ok(Difference { equal_until, from, is_known })
    }

    /// The first of `dates`, which are in order, at which what is gone and what has come do not look the same.
    fn first_difference(self, dates: &[NaiveDate]) -> Result<Option<NaiveDate>> {
        let (warehouse, source) = (self.warehouse, self.source);
        let shown = |rows: &str| {
            as_of_query(warehouse, &source.name, &source.spec, "reference_date, ", &format!("{rows}, dates"))
        };
        let (gone, come) = (shown("temp.gone")?, shown("temp.come")?);
        let mut rest = dates;
        for most in AT_ONCE {
            let (now, later) = rest.split_at(most.min(rest.len()));
            rest = later;
            if now.is_empty() {
                break;
            }
            let sql = format!(
                "with dates(reference_date) as materialized (values {days}),
                 gone as materialized ({gone}), come as materialized ({come})
                 select min(reference_date) from (
                     (from gone except all from come) union all (from come except all from gone)
                 )",
                days = joined(now.iter().map(|date| format!("(date '{date}')")), ", ")
            );
            let found: Option<NaiveDate> = warehouse.one(&sql, &[], |row| row.get(0))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
