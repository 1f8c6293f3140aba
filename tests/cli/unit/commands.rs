//! The command line and the built-in project.

use clap::CommandFactory;
use olist::cli::{Cli, is_commented};
use olist::project::Project;

use crate::support::Place;

#[test]
fn every_flag_argument_and_command_has_help() {
    fn look(command: &clap::Command) {
        for arg in command.get_arguments() {
            assert!(arg.get_help().is_some(), "{} {} has no help", command.get_name(), arg.get_id());
        }
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            assert!(sub.get_about().is_some(), "{} has no help", sub.get_name());
            look(sub);
        }
    }
    let mut command = Cli::command();
    command.build();
    command.clone().debug_assert();
    look(&command);
}

#[test]
fn every_built_in_report_is_named_in_the_help() {
    let command = Cli::command();
    let help = command.find_subcommand("query").and_then(clap::Command::get_long_about).unwrap().to_string();
    for (_, name) in Project::built_in().in_folder("queries/reports") {
        assert!(help.contains(name), "{name} is not in `olist query --help`");
    }
}

#[test]
fn a_comment_before_sql_is_told_from_an_option() {
    for sql in ["-- one\nselect 1", "--one\nselect 1", "--\nselect 1", "-- a=b\nselect 1"] {
        assert!(is_commented(sql), "{sql}");
    }
    for option in ["--format", "--reason=one\ntwo", "-q", "--", "select 1 -- one\n"] {
        assert!(!is_commented(option), "{option}");
    }
}

#[test]
fn shells_and_man_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.olist(&["completions", shell]).code(0).stdout;
        for command in Cli::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
    }
    std::fs::create_dir(place.path("man")).unwrap();
    place.olist(&["man", "man"]).code(0);
    for command in Cli::command().get_subcommands() {
        let page = place.read(&format!("man/olist-{}.1", command.get_name()));
        assert!(page.contains(".SH NAME"), "{page}");
    }
    place.olist(&["man", "nowhere"]).code(2).says(&["could not write manual pages to `nowhere`"]);
}

#[test]
fn the_built_in_project_has_every_folder() {
    let project = Project::built_in();
    for folder in ["features", "abt", "models", "queries/sources", "queries/macros", "queries/sample"] {
        assert!(project.in_folder(folder).next().is_some(), "nothing in {folder}");
    }
}
