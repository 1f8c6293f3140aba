//! The last complete day in the warehouse: found from the flow of orders, or set by hand.

use anyhow::Result;
use chrono::NaiveDate;

use crate::problem::Problem;
use crate::term;
use crate::warehouse::Warehouse;

const LAST_COMPLETE_DAY: &str = include_str!("sql/last_complete_day.sql");

/// The last complete day in the warehouse.
pub fn data_until(warehouse: &Warehouse) -> Result<Option<NaiveDate>> {
    Ok(warehouse.setting("data_until")?.and_then(|day| day.parse().ok()))
}

/// Data until, where the user set it.
pub fn set_by_hand(warehouse: &Warehouse) -> Result<Option<NaiveDate>> {
    match warehouse.setting("data_until_set_by_hand")?.as_deref() {
        Some("true") => data_until(warehouse),
        _ => Ok(None),
    }
}

/// Sets data until: by hand, or found from the orders. Runs inside the load's transaction.
pub fn set(warehouse: &Warehouse, by_hand: Option<NaiveDate>, is_sample: bool) -> Result<()> {
    by_hand.map_or(Ok(()), |day| check_by_hand(warehouse, day))?;
    // The sample is complete by construction; a small one has too few orders a day to tell.
    let query = if is_sample {
        "select max(order_purchase_timestamp)::date::varchar from sources.orders"
    } else {
        LAST_COMPLETE_DAY
    };
    let found: Option<String> = warehouse.one(query, &[], |row| row.get(0))?;
    warehouse.set("data_until", by_hand.map(|day| day.to_string()).or(found).as_deref())?;
    warehouse.set("data_until_set_by_hand", Some(&by_hand.is_some().to_string()))
}

/// A day before all orders, or one that has not come, is a slip of the keyboard; a small marketplace may end in days without
/// an order, but all that is built depends on it.
fn check_by_hand(warehouse: &Warehouse, day: NaiveDate) -> Result<()> {
    let sql =
        "select min(order_purchase_timestamp)::date, max(order_purchase_timestamp)::date from sources.orders";
    let span: (Option<NaiveDate>, Option<NaiveDate>) = warehouse.one(sql, &[], |row| row.try_into())?;
    let (Some(first), Some(last)) = span else { return Ok(()) };
    let today = chrono::Utc::now().date_naive();
    let what = if day > today {
        format!("--until {day} has not come: it is after today, {today}")
    } else if day < first {
        format!("--until {day} is before the first order, of {first}")
    } else {
        if day > last {
            term::warn(&format!(
                "--until {day} is after the last order, of {last}: nobody bought on the days between, if that is right"
            ));
        }
        return Ok(());
    };
    let hint = format!("the orders are of {first} to {last}; nothing was loaded");
    Err(Problem::usage(what).hint(hint).into())
}
