//! `olist ingest DIR | --sample`

use anyhow::Result;

use super::Session;
use crate::cli::Ingest;
use crate::ingest::{self, Origin};
use crate::term;

pub fn ingest(session: &Session, args: &Ingest) -> Result<()> {
    let origin = match &args.dir {
        Some(folder) => Origin::Folder(folder.clone()),
        None => Origin::Sample { orders: args.orders, seed: args.seed },
    };
    let (project, templates) = (session.project()?, session.templates()?);
    let is_new = !session.database.exists();
    let warehouse = session.open(args.dir.clone().into_iter().collect())?;
    let loaded = ingest::ingest(&warehouse, project, &templates, &origin, args.until, args.force);
    // An empty database would be taken for one that is there: the next `olist run` would not say that it makes one.
    let versions = || warehouse.shielded(|| ingest::current_versions(&warehouse));
    let is_empty = || versions().is_ok_and(|versions| versions.is_empty());
    let summary = match loaded {
        Err(error) if is_new && is_empty() => {
            warehouse.remove()?;
            return Err(error);
        }
        other => other?,
    };
    summary.tables.print(session.options.format)?;
    for line in summary.notes() {
        term::note(&line);
    }
    Ok(())
}
