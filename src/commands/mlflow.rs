//! `olist mlflow sync`

use anyhow::Result;

use super::Session;
use crate::mlflow::{self, Settings};
use crate::problem::Problem;
use crate::term;

pub fn sync(session: &Session) -> Result<()> {
    let settings = Settings::from_environment()?.ok_or_else(|| {
        Problem::usage("MLFLOW_TRACKING_URI is not set, so there is nowhere to send to")
            .hint("for example MLFLOW_TRACKING_URI=http://127.0.0.1:5000, with `mlflow server` running there")
    })?;
    let warehouse = session.open_existing()?;
    let sent = mlflow::sync(&warehouse, &settings, None)?;
    if sent.items > 0 || sent.failure.is_none() {
        let left =
            if sent.waiting == 0 { "nothing waits".to_owned() } else { format!("{} wait", sent.waiting) };
        term::note(&format!(
            "sent {} to MLflow at {}; {left}",
            term::counted(sent.items, "item"),
            settings.uri
        ));
    }
    match sent.failure {
        None => Ok(()),
        Some(problem) => Err(problem.into()),
    }
}
