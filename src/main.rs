//! `olist`: SQL-first machine learning in the warehouse.

mod build;
mod check;
mod cli;
mod commands;
mod comparison;
mod dates;
mod export;
mod fingerprint;
mod graph;
mod ingest;
mod learn;
mod mlflow;
mod outbox;
mod output;
mod pipeline;
mod problem;
mod project;
mod publish;
mod registry;
mod score;
mod segment;
mod session;
mod spec;
mod template;
mod term;
mod train;
mod wall;
mod warehouse;

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use clap::Parser;

use cli::{Cli, Command, Mlflow, ModelsCommand};
use problem::{Kind, Problem};
use session::Session;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| term::internal_error(&panic.to_string())));
    // A thread that panicked is told by the hook; what is left to do is to end with the code of it.
    std::panic::catch_unwind(start).unwrap_or_else(|_| ExitCode::from(2))
}

fn start() -> ExitCode {
    let cli = Cli::parse();
    term::set_quiet(cli.global.quiet);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            term::error(&format!("{error:#}"));
            match error.downcast_ref::<Problem>().map(|problem| problem.kind) {
                Some(Kind::Data) => ExitCode::from(1),
                Some(Kind::Usage) | None => ExitCode::from(2),
            }
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    // The first Ctrl-C lets the partitions at work finish; a second one ends the program, which loses nothing either.
    ctrlc::set_handler(|| {
        if build::INTERRUPTED.swap(true, Ordering::Relaxed) {
            #[expect(clippy::exit, reason = "the user insists")]
            std::process::exit(130);
        }
        term::warn("stopping after the partitions at work; again to stop at once");
    })
    .context("could not listen to Ctrl-C")?;
    let session = Session::new(cli.global)?;
    match cli.command {
        Command::Init { dir } => commands::init(&dir),
        Command::Ingest(args) => commands::ingest(&session, &args),
        Command::Run(args) => commands::run(&session, &args),
        Command::Render { file, date } => commands::render(&session, &file, date),
        Command::Check(args) => commands::check(&session, &args),
        Command::Train { model, as_of } => commands::train(&session, &model, as_of),
        Command::Score { model, dates, force } => commands::score(&session, &model, &dates.expand(), force),
        Command::Models { command: Some(ModelsCommand::Export(args)), .. } => {
            commands::export(&session, &args)
        }
        Command::Models { model, command: None } => commands::models(&session, model.as_deref()),
        Command::Promote { model, version, reason } => commands::promote(&session, &model, version, &reason),
        Command::Rollback { model, reason } => commands::rollback(&session, &model, &reason),
        Command::Mlflow(Mlflow::Sync) => commands::mlflow_sync(&session),
        Command::Query { sql, date } => commands::query(&session, &sql, date),
    }
}
