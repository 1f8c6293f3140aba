//! `olist train MODEL [--as-of D]`

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::mlflow;
use crate::problem::Problem;
use crate::registry::comparison;
use crate::run::{self, Attempt, Loaded, Options};

pub fn train(session: &Session, name: &str, as_of: Option<NaiveDate>, is_accepted: bool) -> Result<()> {
    let warehouse = session.open_existing()?;
    let loaded = Loaded::read(&warehouse)?;
    let as_of = as_of.unwrap_or_else(|| loaded.last_date());
    loaded.check(as_of)?;
    let catalog = session.catalog(as_of)?;
    let options = Options { is_accepted, ..session.options() };
    let mut run = session.run(&warehouse, &catalog, &loaded, options)?;
    let attempt = run.train(catalog.model(name)?, as_of, "asked for")?;
    run.finish()?;
    let made = match attempt {
        Attempt::Trained(fitted) => fitted.made,
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
    if let Some((version, _)) = made.first() {
        comparison::of(&warehouse, name, version.number)?.print(session.options.format)?;
    }
    for (version, training) in &made {
        run::note_verdict(version, training, "");
    }
    mlflow::flush(&warehouse)
}
