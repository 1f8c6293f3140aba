//! One short file a command; each calls nouns.

mod check;
mod export;
mod ingest;
mod init;
mod mlflow;
mod models;
mod promote;
mod query;
mod render;
mod run;
mod score;
mod session;
mod train;

pub use check::check;
pub use export::export;
pub use ingest::ingest;
pub use init::init;
pub use mlflow::mlflow_sync;
pub use models::models;
pub use promote::{promote, rollback};
pub use query::query;
pub use render::render;
pub use run::run;
pub use score::score;
pub use session::Session;
pub use train::train;

use anyhow::Result;

use crate::cli::{Cli, Command, Mlflow, ModelsCommand};

/// Does what was asked.
pub fn execute(cli: Cli) -> Result<()> {
    let session = Session::new(cli.global)?;
    match cli.command {
        Command::Init { dir } => init(&dir),
        Command::Ingest(args) => ingest(&session, &args),
        Command::Run(args) => run(&session, &args),
        Command::Render { file, date } => render(&session, &file, date),
        Command::Check(args) => check(&session, &args),
        Command::Train { model, as_of, accept } => train(&session, &model, as_of, accept),
        Command::Score { model, dates, force } => score(&session, &model, &dates.expand(), force),
        Command::Models { command: Some(ModelsCommand::Export(args)), .. } => export(&session, &args),
        Command::Models { model, version, diff, command: None } => {
            models(&session, model.as_deref(), version, diff.as_deref())
        }
        Command::Promote { model, version, reason } => promote(&session, &model, version, &reason),
        Command::Rollback { model, reason } => rollback(&session, &model, &reason),
        Command::Mlflow(Mlflow::Sync) => mlflow_sync(&session),
        Command::Query { sql, date } => query(&session, &sql, date),
    }
}
