//! What a load brought: rows, span of dates, data until, and what is odd.

use anyhow::Result;
use chrono::NaiveDate;

use super::Source;
use crate::output::Table;
use crate::problem::Problem;
use crate::template::Templates;
use crate::term;
use crate::warehouse::{Warehouse, ident};

/// What the user is told.
pub struct Summary {
    pub tables: Table,
    pub odd: Vec<(String, i64)>,
    pub data_until: Option<NaiveDate>,
    /// Data until was set by hand.
    is_by_hand: bool,
    unchanged: bool,
}

pub fn read(
    warehouse: &Warehouse,
    templates: &Templates,
    sources: &[Source],
    unchanged: bool,
) -> Result<Summary> {
    let mut tables = Table::new(&["source", "rows", "from", "to", "file"]);
    let mut odd = Vec::new();
    for source in sources {
        let table = format!("sources.{}", ident(&source.name));
        let sql = format!(
            "select count(*), min(known_at)::date::varchar, max(known_at)::date::varchar from {table}"
        );
        let row = warehouse.row(&sql, &[], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
        })?;
        let (rows, first, last) = row.unwrap_or((0, None, None));
        let file =
            source.found.path.as_deref().and_then(|path| path.file_name()?.to_str()).unwrap_or("sample");
        tables.push(vec![
            source.name.clone(),
            rows.to_string(),
            first.unwrap_or_default(),
            last.unwrap_or_default(),
            file.to_owned(),
        ]);
        for (name, expression) in &source.spec.odd {
            let head = format!("select count(*) from {table} where (");
            let (sql, head) = (format!("{head}{expression})"), head.len());
            let count = warehouse.row(&sql, &[], |row| row.get::<_, i64>(0)).map_err(|error| {
                let file = &source.rendered.file;
                Problem::usage(format!("odd '{name}': {}", error.headline()))
                    .at(templates.in_config(
                        file,
                        &format!("odd.{name}"),
                        error.position.map_or(0, |at| at.saturating_sub(head)),
                    ))
                    .hint("an odd expression is true for an odd row of the loaded table")
            });
            match count {
                Ok(count) => odd.push((name.clone(), count.unwrap_or(0))),
                // An oddity may compare with a table that is not there, such as the funnel's.
                Err(problem) if problem.message.contains("does not exist") => {}
                Err(problem) => return Err(problem.into()),
            }
        }
    }
    odd.retain(|(_, count)| *count > 0);
    let is_by_hand = set_by_hand(warehouse)?.is_some();
    Ok(Summary { tables, odd, data_until: data_until(warehouse)?, is_by_hand, unchanged })
}

impl Summary {
    /// The notes after the table, for stderr.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.odd.is_empty() {
            notes.push("odd, kept as they are:".to_owned());
            for (name, count) in &self.odd {
                notes.push(format!("  {:>8} {name}", term::thousands(u64::try_from(*count).unwrap_or(0))));
            }
        }
        match self.data_until {
            Some(day) if self.is_by_hand => {
                notes.push(format!("data until {day} (set by hand, until the next `olist ingest`)"));
            }
            Some(day) => notes.push(format!("data until {day} (the last complete day)")),
            None => notes.push("there are no orders: nothing can be built yet".to_owned()),
        }
        if self.unchanged {
            notes.push("nothing changed: these files are loaded already".to_owned());
        }
        notes
    }
}

/// The last complete day in the warehouse.
pub fn data_until(warehouse: &Warehouse) -> Result<Option<NaiveDate>> {
    let day = warehouse.row("select value from pipeline.settings where name = 'data_until'", &[], |row| {
        row.get::<_, Option<String>>(0)
    })?;
    Ok(day.flatten().and_then(|day| day.parse().ok()))
}

/// Data until, where the user set it.
pub fn set_by_hand(warehouse: &Warehouse) -> Result<Option<NaiveDate>> {
    let sql = "select 1 from pipeline.settings where name = 'data_until_set_by_hand' and value = 'true'";
    match warehouse.row(sql, &[], |_| Ok(()))? {
        Some(()) => data_until(warehouse),
        None => Ok(None),
    }
}

/// The last day with at least half of the median daily orders of the 28 days before it. In a dataset that thins out
/// over weeks that median itself falls to nothing, so a day also has to reach a tenth of the highest such median.
const LAST_COMPLETE_DAY: &str = "
with daily as (
    select order_purchase_timestamp::date as day, count(*) as orders
    from sources.orders
    group by all
),
calendar as (
    select unnest(generate_series(min(day), max(day), interval 1 day))::date as day
    from daily
),
filled as (
    select calendar.day, coalesce(daily.orders, 0) as orders
    from calendar
    left join daily on daily.day = calendar.day
),
compared as (
    select
        day,
        orders,
        median(orders) over (order by day rows between 28 preceding and 1 preceding) as usual,
    from filled
)
select coalesce(
    max(day) filter (
        where orders > 0 and orders >= 0.5 * usual and usual >= 0.1 * (select max(usual) from compared)
    ),
    max(day) filter (where orders > 0)
)::varchar
from compared";

/// A day before all orders, or one that has not come, is a slip of the keyboard; a small marketplace may end in days without
/// an order, but all that is built depends on it.
fn check_by_hand(warehouse: &Warehouse, day: NaiveDate) -> Result<()> {
    let sql =
        "select min(order_purchase_timestamp)::date, max(order_purchase_timestamp)::date from sources.orders";
    let span = warehouse.row(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((Some(first), Some(last))) = span else { return Ok(()) };
    let (first, last): (NaiveDate, NaiveDate) = (first, last);
    let today = chrono::Utc::now().date_naive();
    let problem = if day > today {
        Problem::usage(format!("--until {day} has not come: it is after today, {today}"))
    } else if day < first {
        Problem::usage(format!("--until {day} is before the first order, of {first}"))
    } else {
        if day > last {
            term::warn(&format!(
                "--until {day} is after the last order, of {last}: nobody bought on the days between, if that is right"
            ));
        }
        return Ok(());
    };
    Err(problem.hint(format!("the orders are of {first} to {last}; nothing was loaded")).into())
}

/// Sets data until: by hand, or found from the orders. Runs inside the load's transaction.
pub fn set_data_until(warehouse: &Warehouse, by_hand: Option<NaiveDate>, is_sample: bool) -> Result<()> {
    by_hand.map_or(Ok(()), |day| check_by_hand(warehouse, day))?;
    // The sample is complete by construction; a small one has too few orders a day to tell.
    let query = if is_sample {
        "select max(order_purchase_timestamp)::date::varchar from sources.orders"
    } else {
        LAST_COMPLETE_DAY
    };
    let found = warehouse.row(query, &[], |row| row.get::<_, Option<String>>(0))?.flatten();
    let day = by_hand.map(|day| day.to_string()).or(found);
    let hand = by_hand.is_some().to_string();
    warehouse
        .batch("delete from pipeline.settings where name in ('data_until', 'data_until_set_by_hand')")?;
    warehouse.execute(
        "insert into pipeline.settings values ('data_until', ?), ('data_until_set_by_hand', ?)",
        &[&day, &hand],
    )?;
    Ok(())
}
