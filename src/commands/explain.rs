//! `olist explain MODEL KEY`

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::dataset::Workspace;
use crate::earlier::Earlier;
use crate::explain::{self, Delivered, Explanation};
use crate::guard::Guard;
use crate::output::{self, Format};
use crate::partitions::Ledger;
use crate::registry;
use crate::run::Loaded;
use crate::term;

pub fn explain(session: &Session, name: &str, key: &[String], date: Option<NaiveDate>) -> Result<()> {
    let explanation = explanation(session, name, key, date)?;
    match session.options.format {
        Format::Json => output::json(&explanation)?,
        Format::Csv => explanation.table().print(Format::Csv)?,
        _ => term::data(&explanation.text())?,
    }
    explanation.notes.iter().for_each(|note| term::note(note));
    Ok(())
}

fn explanation(
    session: &Session,
    name: &str,
    key: &[String],
    date: Option<NaiveDate>,
) -> Result<Explanation> {
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    let catalog = session.catalog(loaded.last_date())?;
    let model = catalog.model(name)?;
    let delivered = Delivered::find(&warehouse, model, date, key)?;
    let (date, version) = (delivered.date, registry::version(&warehouse, name, delivered.version)?);
    let ledger = Ledger::read(&warehouse)?;
    let means = session.means(&warehouse, &ledger, &loaded);
    if catalog.definition(model)?.0 != version.definition {
        // As a run scores: by the version's own files, where they are kept.
        if let Ok(mut earlier) = Earlier::of(means, &catalog, &version)? {
            earlier.plan(means, &[date])?;
            earlier.build(means, &[date])?;
            let (at, tables) = (earlier.at(&warehouse)?, earlier.tables()?.warehouse);
            return explain::explain(at, &version, tables, &earlier.snapshot(date)?, delivered);
        }
    }
    Guard::new(&warehouse, &catalog, &session.run_id)?.clear(&warehouse, &catalog, &model.table(), date)?;
    let at = Workspace { warehouse: &warehouse, catalog: &catalog, model };
    explain::explain(at, &version, &warehouse, &at.snapshot(date)?, delivered)
}
