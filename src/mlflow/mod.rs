//! The only module that talks to MLflow: it sends what waits in `registry.outbox`.

mod api;
mod client;
mod details;
mod logged;
mod message;
mod send;
mod settings;
mod versions;

use std::time::Duration;

use anyhow::Result;

use crate::interrupt;
use crate::problem::Problem;
use crate::registry::outbox;
use crate::term;
use crate::warehouse::Warehouse;
use client::{Client, Failure, TOO_LARGE};
pub use message::Message;
pub use settings::{Settings, is_direct};

/// The longest that sending may hold up a command that has other work.
const LIMIT: Duration = Duration::from_secs(30);

pub struct Sent {
    pub items: usize,
    pub waiting: usize,
    pub failure: Option<Problem>,
}

/// Sends what waits, in order, each thing once, until something fails; what is too large alone is passed by.
pub fn sync(warehouse: &Warehouse, settings: &Settings, limit: Option<Duration>) -> Result<Sent> {
    let client = Client::new(settings.clone(), limit);
    let waiting = outbox::waiting(warehouse)?;
    let progress = term::Progress::new(waiting.len(), "sending");
    let (mut items, mut last) = (0, None);
    for item in &waiting {
        interrupt::check()?;
        progress.working_on(&item.model);
        match send::item(&client, warehouse, item) {
            Ok(()) => {
                outbox::mark_sent(warehouse, item.id, &settings.uri)?;
                items += 1;
            }
            Err(error) => {
                let failure: Failure = error.downcast()?;
                outbox::mark_failed(warehouse, item.id, &failure.message)?;
                let is_only_this = failure.is(TOO_LARGE);
                last = Some(Problem::usage(failure.message).maybe_hint(failure.hint));
                if !is_only_this {
                    break;
                }
            }
        }
        progress.step();
    }
    Ok(Sent { items, waiting: waiting.len() - items, failure: last })
}

/// Sends what waits at the end of a command. What cannot be sent is told, and never fails the command.
pub fn flush(warehouse: &Warehouse) -> Result<()> {
    let settings = match Settings::from_environment() {
        Ok(None) => return Ok(()),
        Ok(Some(settings)) => settings,
        Err(error) => {
            term::warn(&format!("nothing was sent to MLflow: {error:#}"));
            return Ok(());
        }
    };
    let Sent { items, waiting, failure } = sync(warehouse, &settings, Some(LIMIT))?;
    if items > 0 {
        term::note(&format!("sent {} to MLflow at {}", term::counted(items, "item"), settings.uri));
    }
    if let Some(failure) = failure {
        let (left, verb) = (term::counted(waiting, "item"), if waiting == 1 { "waits" } else { "wait" });
        let what = "in registry.outbox, for `olist mlflow sync`, and could not be sent to MLflow";
        term::warn(&format!("{left} {verb} {what}: {failure}"));
    }
    Ok(())
}
