//! `olist train MODEL [--as-of D]`

use anyhow::Result;
use chrono::NaiveDate;

use crate::mlflow;
use crate::problem::Problem;
use crate::registry::comparison;
use crate::run::Pipeline;
use crate::run::{Loaded, Session};
use crate::term;

pub fn train(session: &Session, name: &str, as_of: Option<NaiveDate>) -> Result<()> {
    let warehouse = session.open_existing()?;
    let loaded = Loaded::read(&warehouse)?;
    let as_of = as_of.unwrap_or_else(|| loaded.last_date());
    loaded.check(as_of)?;
    let catalog = session.catalog(as_of)?;
    let model = catalog.model(name)?;
    let mut pipeline = Pipeline::new(session, &warehouse, &catalog, &loaded, false)?;
    let training = pipeline.train(model, as_of, "asked for")?;
    pipeline.finish()?;
    let training = training.map_err(|too_early| {
        Problem::data(format!("`{name}` cannot be trained as of {as_of}: {}", too_early.0))
            .hint("a later --as-of, or an earlier `snapshots` in the model's file")
    })?;
    comparison::of(&warehouse, name, training.version.number)?.print(session.options.format)?;
    term::note(&format!("{name}: version {}, {}", training.version.number, training.reason));
    mlflow::flush(&warehouse)
}
