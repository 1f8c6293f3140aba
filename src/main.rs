//! The program: what was asked is done, and an error becomes an exit code.

use std::process::ExitCode;

use clap::Parser;

use olist::cli::Cli;
use olist::problem::{Kind, Problem};
use olist::{commands, term};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| term::internal_error(&panic.to_string())));
    // A thread that panicked is told by the hook; what is left to do is to end with the code of it.
    std::panic::catch_unwind(start).unwrap_or_else(|_| ExitCode::from(2))
}

fn start() -> ExitCode {
    let cli = Cli::parse();
    term::set_quiet(cli.global.quiet);
    match commands::execute(cli) {
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
