//! `olist promote MODEL VERSION` and `olist rollback MODEL`: a champion chosen by hand.

use anyhow::Result;

use super::Session;
use crate::mlflow::{self, Message};
use crate::registry;
use crate::term;

/// Makes version `number` champion, or the champion before where there is none.
pub fn promote(session: &Session, model: &str, number: Option<i32>, reason: &str) -> Result<()> {
    let warehouse = session.open_existing()?;
    let version = warehouse.transaction(|| {
        let version = match number {
            Some(number) => registry::promote(&warehouse, model, number, reason)?,
            None => registry::rollback(&warehouse, model, reason)?,
        };
        let message = Message::Champion { reason: reason.to_owned() };
        message.post(&warehouse, &version, None, &session.run_id)?;
        Ok(version)
    })?;
    term::note(&format!(
        "version {} of `{model}` is champion: `{}`, trained through {}\n\nscores change when a date is scored again: `olist score {model} --date D`",
        version.number, version.candidate, version.trained_through
    ));
    mlflow::flush(&warehouse)
}
