//! One short file a command; each calls nouns.

mod check;
mod completions;
mod docs;
mod explain;
mod export;
mod ingest;
mod init;
mod lake;
mod mlflow;
mod models;
mod monitor;
mod page;
mod parity;
mod plan;
mod portable;
mod promote;
mod query;
mod render;
mod report;
mod run;
mod score;
mod session;
mod show;
mod status;
mod test;
mod train;

pub use check::check;
pub use completions::{completions, man};
pub use docs::docs;
pub use explain::explain;
pub use export::export;
pub use ingest::ingest;
pub use init::init;
pub use lake::push;
pub use mlflow::mlflow_sync;
pub use models::models;
pub use monitor::monitor;
pub use plan::plan;
pub use portable::portable;
pub use promote::{promote, rollback};
pub use query::query;
pub use render::render;
pub use report::report;
pub use run::run;
pub use score::score;
pub use session::Session;
pub use status::status;
pub use test::test;
pub use train::train;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Command, Lake, Mlflow, ModelsCommand};

/// The exit code of a plan that would change something.
const CHANGES: u8 = 3;

/// Does what was asked.
pub fn execute(cli: Cli) -> Result<ExitCode> {
    let session = Session::new(cli.global)?;
    let done = match cli.command {
        Command::Plan(args) => {
            return Ok(if plan(&session, &args)? { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS });
        }
        Command::Init { dir } => init(&dir),
        Command::Ingest(args) => ingest(&session, &args),
        Command::Run(args) => run(&session, &args),
        Command::Status(selection) => status(&session, &selection),
        Command::Render { file, date, engine } => render(&session, &file, date, engine),
        Command::Check(args) if args.portable => portable(&session, &args.selection),
        Command::Check(args) => check(&session, &args),
        Command::Test(args) => test(&session, &args),
        Command::Train { model, as_of, accept } => train(&session, &model, as_of, accept),
        Command::Score { model, dates, force } => score(&session, &model, &dates, force),
        Command::Models { command: Some(ModelsCommand::Export(args)), .. } => export(&session, &args),
        Command::Models { model, version, diff, command: None } => {
            models(&session, model.as_deref(), version, diff.as_deref())
        }
        Command::Monitor { model, fail } => monitor(&session, model.as_deref(), fail),
        Command::Docs { name, out } => docs(&session, name.as_deref(), out.as_deref()),
        Command::Explain { model, key, date } => explain(&session, &model, &key, date),
        Command::Report(args) => report(&session, &args),
        Command::Promote { model, version, reason } => promote(&session, &model, version, &reason),
        Command::Rollback { model, reason } => rollback(&session, &model, &reason),
        Command::Lake(Lake::Push { lake }) => push(&session, &lake),
        Command::Mlflow(Mlflow::Sync) => mlflow_sync(&session),
        Command::Query(args) => query(&session, &args),
        Command::Completions { shell } => completions(shell),
        Command::Man { dir } => man(&dir),
    };
    done.map(|()| ExitCode::SUCCESS)
}
