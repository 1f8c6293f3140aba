//! `olist completions SHELL` and `olist man DIR`: what clap knows of the command line, for shells and for `man`

use std::path::Path;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::problem::Problem;
use crate::term;

pub fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "olist", &mut script);
    Ok(term::data(&String::from_utf8(script)?)?)
}

pub fn man(dir: &Path) -> Result<()> {
    clap_mangen::generate_to(Cli::command(), dir).map_err(|error| {
        Problem::usage(format!("could not write manual pages to `{}`: {error}", dir.display()))
            .hint("the folder has to be there: `mkdir -p` makes it")
    })?;
    term::note(&format!(
        "wrote the manual pages to `{}`: `man -l {0}/olist.1` shows the first",
        dir.display()
    ));
    Ok(())
}
