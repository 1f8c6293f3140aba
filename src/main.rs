//! The program: what was asked is done, and an error becomes an exit code.

use std::process::ExitCode;

use clap::Parser;

use olist::cli::{self, Cli};
use olist::problem::{Kind, Problem};
use olist::{commands, interrupt, spark, term, warehouse};

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| term::internal_error(&panic.to_string())));
    // A thread that panicked is told by the hook; what is left to do is to end with the code of it.
    std::panic::catch_unwind(start).unwrap_or_else(|_| ExitCode::from(2))
}

fn start() -> ExitCode {
    interrupt::listen(|| {
        spark::stop_all();
        warehouse::stop_all()
    });
    let cli = Cli::parse_from(cli::arguments());
    term::set_quiet(cli.global.quiet);
    match commands::execute(cli) {
        Ok(code) => code,
        Err(error) => {
            let kind = error.downcast_ref::<Problem>().map(|problem| problem.kind);
            if let Some(signal) = interrupt::signal() {
                // Whatever failed, it failed because it was stopped.
                let stopped = interrupt::check().err().filter(|_| kind != Some(Kind::Interrupted));
                term::error(&stopped.map_or_else(|| format!("{error:#}"), |problem| problem.to_string()));
                return ExitCode::from(u8::try_from(128 + signal).unwrap_or(2));
            }
            term::error(&format!("{error:#}"));
            ExitCode::from(if kind == Some(Kind::Data) { 1 } else { 2 })
        }
    }
}
