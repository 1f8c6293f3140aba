//! `olist check --engine spark`: the same tables by both engines.

use std::collections::BTreeSet;

use anyhow::Result;

use super::check::asked_dates;
use super::{Session, lake};
use crate::cli::Check;
use crate::output::Table;
use crate::parity::{Parity, Row};
use crate::problem::Problem;
use crate::run::Loaded;
use crate::term;

pub fn parity(session: &Session, args: &Check) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    let dates = asked_dates(args, &loaded)?;
    let catalog = session.catalog(dates[0])?;
    let selected = catalog.select(&args.selection.select, &args.selection.exclude)?;
    let tables: BTreeSet<String> =
        selected.into_iter().filter(|name| catalog.tables.contains_key(name)).collect();
    let lake = lake::lake(session, &args.server, &warehouse, tables.clone())?.apart();
    let parity = Parity {
        warehouse: &warehouse,
        catalog: &catalog,
        loads: &loaded.loads,
        settled_until: loaded.last_date(),
        tables: &tables,
        dates: &dates,
        run_id: &session.run_id,
        cores: session.cores(),
        time_limit: session.time_limit(),
    };
    let report = parity.report(&lake)?;
    let mut table = Table::new(&["table", "reference_date", "rows", "columns", "result"]);
    for Row { table: name, date, rows, columns, is_equal } in report.rows {
        let result = if is_equal { "equal" } else { "differs" };
        table.push(vec![name, date.to_string(), rows.to_string(), columns.to_string(), result.to_owned()]);
    }
    table.print(session.options.format)?;
    report.problems.iter().for_each(|problem| term::error(&problem.to_string()));
    if report.problems.is_empty() {
        term::note("both engines make the same rows");
        return Ok(());
    }
    let found = term::counted(report.problems.len(), "difference");
    Err(Problem::data(format!("{found} found, see above")).into())
}
