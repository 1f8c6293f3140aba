//! `olist promote MODEL VERSION` and `olist rollback MODEL`

use anyhow::Result;

use super::Session;
use crate::mlflow;
use crate::registry::Version;
use crate::run;
use crate::term;

pub fn promote(session: &Session, model: &str, version: i32, reason: &str) -> Result<()> {
    let warehouse = session.open_existing()?;
    announce(&run::promote(&warehouse, model, version, reason, &session.run_id)?);
    mlflow::flush(&warehouse)
}

pub fn rollback(session: &Session, model: &str, reason: &str) -> Result<()> {
    let warehouse = session.open_existing()?;
    announce(&run::rollback(&warehouse, model, reason, &session.run_id)?);
    mlflow::flush(&warehouse)
}

fn announce(version: &Version) {
    term::note(&format!(
        "version {} of `{}` is champion: `{}`, trained through {}\n\nscores change when a date is scored again: `olist score {1} --date D`",
        version.number, version.model, version.candidate, version.trained_through
    ));
}
