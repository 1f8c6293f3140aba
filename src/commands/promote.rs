//! `olist promote MODEL VERSION` and `olist rollback MODEL`

use anyhow::Result;

use crate::mlflow;
use crate::registry::{self, Version};
use crate::run::Session;
use crate::term;

pub fn promote(session: &Session, model: &str, version: i32, reason: &str) -> Result<()> {
    let warehouse = session.open_existing()?;
    announce(&registry::promote(&warehouse, model, version, reason, &session.run_id)?);
    mlflow::flush(&warehouse)
}

pub fn rollback(session: &Session, model: &str, reason: &str) -> Result<()> {
    let warehouse = session.open_existing()?;
    announce(&registry::rollback(&warehouse, model, reason, &session.run_id)?);
    mlflow::flush(&warehouse)
}

fn announce(version: &Version) {
    term::note(&format!(
        "version {} of `{}` is champion: `{}`, trained through {}\n\nscores change when a date is scored again: `olist score {1} --date D`",
        version.number, version.model, version.candidate, version.trained_through
    ));
}
