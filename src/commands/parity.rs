//! `olist check --engine spark`: the same tables by both engines.

use anyhow::Result;

use super::check::{asked_dates, end};
use super::{Session, lake};
use crate::cli::Check;
use crate::parity::Parity;
use crate::partitions::Ledger;
use crate::run::Loaded;

pub fn parity(session: &Session, args: &Check) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    let dates = asked_dates(args, &loaded)?;
    let catalog = session.catalog(dates[0])?;
    let tables = catalog.tables_of(&args.selection.of(&catalog)?);
    let lake = lake::lake(session, &args.server, &warehouse, tables.clone())?.apart();
    let ledger = Ledger::read(&warehouse)?;
    let means = session.means(&warehouse, &ledger, &loaded);
    let parity = Parity { means, catalog: &catalog, tables: &tables, dates: &dates };
    let report = parity.report(&lake)?;
    end(session, report, Vec::new(), "difference", "both engines make the same rows")
}
