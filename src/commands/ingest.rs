//! `olist ingest DIR | --sample`

use anyhow::Result;

use crate::cli::Ingest;
use crate::ingest::{self, Origin};
use crate::session::Session;
use crate::term;

pub fn ingest(session: &Session, args: &Ingest) -> Result<()> {
    let origin = match &args.dir {
        Some(folder) => Origin::Folder(folder.clone()),
        None => Origin::Sample { orders: args.orders, seed: args.seed },
    };
    let warehouse = session.open()?;
    let summary = ingest::ingest(
        &warehouse,
        session.project()?,
        &session.templates()?,
        &origin,
        args.until,
        args.force,
    )?;
    summary.tables.print(session.options.format)?;
    for line in summary.notes() {
        term::note(&line);
    }
    Ok(())
}
