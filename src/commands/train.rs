//! `olist train MODEL [--as-of D]`

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::mlflow;
use crate::problem::Problem;
use crate::registry::comparison;
use crate::run::{Attempt, Loaded};
use crate::term;

pub fn train(session: &Session, name: &str, as_of: Option<NaiveDate>) -> Result<()> {
    let warehouse = session.open_existing()?;
    let loaded = Loaded::read(&warehouse)?;
    let as_of = as_of.unwrap_or_else(|| loaded.last_date());
    loaded.check(as_of)?;
    let catalog = session.catalog(as_of)?;
    let mut run = session.run(&warehouse, &catalog, &loaded, false)?;
    let attempt = run.train(catalog.model(name)?, as_of, "asked for")?;
    run.finish()?;
    let (version, training) = match attempt {
        Attempt::Trained(version, training) => (version, training),
        Attempt::TooEarly(why) => {
            return Err(Problem::data(format!("`{name}` cannot be trained as of {as_of}: {why}"))
                .hint("a later --as-of, or an earlier `snapshots` in the model's file")
                .into());
        }
        Attempt::Lacking(_) => {
            run.tell_unbuilt();
            return run.verdict(false);
        }
    };
    comparison::of(&warehouse, name, version.number)?.print(session.options.format)?;
    training.notes.iter().for_each(|note| term::note(note));
    term::note(&format!("{name}: version {}, {}", version.number, training.version.reason));
    mlflow::flush(&warehouse)
}
