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
mod plan;
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

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cli::{Cli, Command, Lake, Mlflow, ModelsCommand};
use session::Session;

/// The exit code of a plan that would change something.
const CHANGES: u8 = 3;

/// Does what was asked.
pub fn execute(cli: Cli) -> Result<ExitCode> {
    let session = &Session::new(cli.global)?;
    match cli.command {
        Command::Plan(args) if plan::plan(session, &args)? => return Ok(ExitCode::from(CHANGES)),
        Command::Plan(_) => Ok(()),
        Command::Init { dir } => init::init(&dir),
        Command::Ingest(args) => ingest::ingest(session, &args),
        Command::Run(args) => run::run(session, &args),
        Command::Status(selection) => status::status(session, &selection),
        Command::Render { file, date, engine } => render::render(session, &file, date, engine),
        Command::Check(args) => check::check(session, &args),
        Command::Test(args) => test::test(session, &args),
        Command::Train { model, as_of, accept } => train::train(session, &model, as_of, accept),
        Command::Score { model, dates, force } => score::score(session, &model, &dates, force),
        Command::Models { command: Some(ModelsCommand::Export(args)), .. } => export::export(session, &args),
        Command::Models { model, version, diff, command: None } => {
            models::models(session, model.as_deref(), version, diff.as_deref())
        }
        Command::Monitor { model, fail } => monitor::monitor(session, model.as_deref(), fail),
        Command::Docs { name, out } => docs::docs(session, name.as_deref(), out.as_deref()),
        Command::Explain { model, key, date } => explain::explain(session, &model, &key, date),
        Command::Report(args) => report::report(session, &args),
        Command::Promote { model, version, reason } => {
            promote::promote(session, &model, Some(version), &reason)
        }
        Command::Rollback { model, reason } => promote::promote(session, &model, None, &reason),
        Command::Lake(Lake::Push { lake }) => lake::push(session, &lake),
        Command::Mlflow(Mlflow::Sync) => mlflow::sync(session),
        Command::Query(args) => query::query(session, &args),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { dir } => completions::man(&dir),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file, in a folder that is made where there is none.
fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let context = || format!("could not write `{}`", file.display());
    file.parent().map_or(Ok(()), fs::create_dir_all).with_context(context)?;
    fs::write(file, bytes).with_context(context)
}
