//! `olist score MODEL --date D[..D]`

use anyhow::Result;

use super::Session;
use super::show::{MOST, show_scores};
use crate::cli::Dates;
use crate::mlflow;
use crate::registry;
use crate::run::{Loaded, Options, Scored};
use crate::term;

pub fn score(session: &Session, name: &str, dates: &Dates, force: bool) -> Result<()> {
    let warehouse = session.open_existing()?;
    let loaded = Loaded::read(&warehouse)?;
    let dates = dates.expand(loaded.last_date())?;
    let (first, last) = (dates[0], dates[dates.len() - 1]);
    loaded.check(last)?;
    let catalog = session.catalog(first)?;
    let model = catalog.model(name)?;
    let options = Options { force, ..session.options() };
    let mut run = session.run(&warehouse, &catalog, &loaded, options)?;
    for &date in &dates {
        let version =
            registry::in_force(&warehouse, name, date)?.ok_or_else(|| registry::no_champion(name))?;
        let what = match run.score(model, &version, date)? {
            Scored::Unchanged => "unchanged".to_owned(),
            Scored::Written(rows) => term::counted(usize::try_from(rows)?, "score"),
            Scored::Skipped => continue,
        };
        let back = if version.is_back_cast(date) { ", a back-cast" } else { "" };
        term::note(&format!("{name} {date}: {what} by version {}{back}", version.number));
    }
    run.finish()?;
    run.tell_unbuilt();
    if !run.has_failures() {
        show_scores(session, &warehouse, model, last, MOST)?;
    }
    mlflow::flush(&warehouse)?;
    run.verdict(false)
}
