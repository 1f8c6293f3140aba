//! `olist test`: the analyst's cases, run in memory; a new one from real rows; expected rows rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use serde_json::json;

use super::{Session, write};
use crate::cases::{self, Case, Differing, Drawn, Outcome, Wanted};
use crate::catalog::{Catalog, Node, means};
use crate::cli;
use crate::output::{self, Format, Table};
use crate::problem::{self, Kind, Problem, suggest};
use crate::project::CASES;
use crate::run::Loaded;
use crate::term;

type Outcomes = Vec<(Case, Result<Outcome, Problem>)>;

pub fn test(session: &Session, args: &cli::Test) -> Result<()> {
    match (&args.new, args.date) {
        (Some(table), Some(date)) => new(session, table, &args.key, date),
        _ => run(session, &args.names, args.update),
    }
}

fn run(session: &Session, names: &[String], update: bool) -> Result<()> {
    let started = Instant::now();
    let project = session.project()?;
    let mut problems = Vec::new();
    let cases = wanted(read(session, &mut problems)?, names, &problems)?;
    let Some(first) = cases.first() else {
        return Ok(problem::end(problems)?);
    };
    let (catalog, mistakes) = session.catalog_of_the_rest(first.date)?;
    problems.extend(mistakes);
    // What is wrong with a file is told once, and not at each of its cases.
    let (cases, left): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| !catalog.is_left_out(&case.expect.table));
    let outcomes = term::quietly(|| cases::run(project, &catalog, &cases, session.cores()))?;
    let outcomes: Outcomes = cases.into_iter().zip(outcomes).collect();
    print(session, &outcomes)?;
    if update {
        rewrite(session, &outcomes)?;
    }
    summarize(&outcomes, left.len(), update, started);
    end(outcomes, problems, update)
}

/// The cases of all files; what is wrong with a file joins `problems`.
fn read(session: &Session, problems: &mut Vec<Problem>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let files = session.project()?.cases()?;
    for (file, text) in &files {
        match cases::read(file, text) {
            Ok(found) => cases.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    if files.is_empty() {
        let what = format!("there are no cases: no file of {CASES}/ ends in .case");
        return Err(Problem::usage(what)
            .hint("`olist test --new features/NAME.sql --key K --date D` writes one from real rows")
            .into());
    }
    Ok(cases)
}

/// Those of a table, of a file, or the one at a line; all where none is named.
fn wanted(mut cases: Vec<Case>, names: &[String], problems: &[Problem]) -> Result<Vec<Case>> {
    let is_meant = |name: &str, case: &Case| {
        let name = name.trim_start_matches("./");
        means(name, &case.expect.table) || case.file == name || case.name() == name
    };
    let broken =
        |name: &str| problems.iter().any(|problem| problem.place.as_ref().is_some_and(|at| at.file == name));
    let unknown = |name: &&String| !broken(name) && !cases.iter().any(|case| is_meant(name, case));
    if let Some(name) = names.iter().find(unknown) {
        let tables =
            cases.iter().map(|case| case.expect.table.split_once('.').map_or("", |(_, short)| short));
        let known: BTreeSet<&str> = tables.chain(cases.iter().map(|case| case.file.as_str())).collect();
        return Err(Problem::usage(format!("there are no cases of `{name}`"))
            .maybe_hint(suggest(name, known))
            .into());
    }
    cases.retain(|case| names.is_empty() || names.iter().any(|name| is_meant(name, case)));
    Ok(cases)
}

/// What differs, case by case.
fn print(session: &Session, outcomes: &Outcomes) -> Result<()> {
    let all = || outcomes.iter().filter_map(|(case, outcome)| Some((case, outcome.as_ref().ok()?)));
    match session.options.format {
        Format::Json => {
            let one = |(case, outcome): (&Case, &Outcome)| {
                json!({
                    "file": case.file, "line": case.line.number, "title": case.title, "table": case.expect.table,
                    "date": case.date.to_string(), "ok": outcome.is_ok(),
                    "milliseconds": outcome.time.as_secs_f64() * 1000.0, "differences": outcome.differences(case),
                })
            };
            output::json(&all().map(one).collect::<Vec<_>>())
        }
        Format::Csv => {
            let mut table = Table::new(&["case", "title", "key", "column", "expected", "got"]);
            for (case, outcome) in all() {
                for Differing { key, column, expected, got } in outcome.differences(case) {
                    table.row(&[&case.name(), &case.title, &key.join(" "), &column, &expected, &got]);
                }
            }
            table.print(Format::Csv)
        }
        format => all().filter(|(_, outcome)| !outcome.is_ok()).try_for_each(|(case, outcome)| {
            let Case { title, expect, date, .. } = case;
            term::data(&format!("{}: {title}\n{} at {date}\n", case.name(), expect.table))?;
            outcome.table(case).print(format)?;
            Ok(term::data("\n")?)
        }),
    }
}

/// Puts what came out into the files.
fn rewrite(session: &Session, outcomes: &Outcomes) -> Result<()> {
    let mut files: BTreeMap<&str, Vec<(&Case, &Outcome)>> = BTreeMap::new();
    for (case, outcome) in outcomes {
        if let Some(outcome) = outcome.as_ref().ok().filter(|outcome| !outcome.is_ok()) {
            files.entry(&case.file).or_default().push((case, outcome));
        }
    }
    for (file, failing) in files {
        let path = path_of(session, file)?;
        let text =
            fs::read_to_string(&path).with_context(|| format!("could not read `{}`", path.display()))?;
        write(&path, cases::updated(&text, &failing).as_bytes())?;
        let count = term::counted(failing.len(), "case");
        term::note(&format!("{file}: {count} rewritten: do the comments still hold?"));
    }
    Ok(())
}

fn summarize(outcomes: &Outcomes, left: usize, update: bool, started: Instant) {
    let is_ok = |outcome: &Outcome| update || outcome.is_ok();
    let ok = outcomes.iter().filter(|(_, outcome)| outcome.as_ref().is_ok_and(is_ok));
    let tables: BTreeSet<&str> = ok.clone().map(|(case, _)| case.expect.table.as_str()).collect();
    let left = if left > 0 { format!(", {left} not run") } else { String::new() };
    term::note(&format!(
        "{} of {} ok{left}, {:.1} s",
        term::counted(ok.count(), "case"),
        term::counted(tables.len(), "table"),
        started.elapsed().as_secs_f64()
    ));
}

/// # Errors
/// What is wrong with files, each thing once; then that cases fail.
fn end(outcomes: Outcomes, mut problems: Vec<Problem>, update: bool) -> Result<()> {
    let (all, mut failing) = (outcomes.len(), 0);
    for (case, outcome) in outcomes {
        match outcome {
            Ok(outcome) => failing += usize::from(!outcome.is_ok() && !update),
            Err(problem) if problems.iter().any(|other| other.is_same(&problem)) => {}
            Err(problem) => {
                let is_elsewhere = problem.place.as_ref().is_some_and(|place| place.file != case.file);
                let note = is_elsewhere.then(|| format!("in the case of {}: {}", case.name(), case.title));
                problems.push(problem.noting(note.into_iter().collect()));
            }
        }
    }
    if failing > 0 {
        let problem = Problem::data(format!("{failing} of {} not as expected", term::counted(all, "case")));
        problems.push(problem.hint("`olist test --update` expects what came out, if that is right"));
    }
    // The last of them decides the exit code.
    problems.sort_by_key(|problem| problem.kind == Kind::Usage);
    Ok(problem::end(problems)?)
}

fn new(session: &Session, table: &str, key: &[String], date: NaiveDate) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    loaded.check(date)?;
    let catalog = session.catalog(date)?;
    let node = node(&catalog, table)?;
    let names = &node.spec.key;
    if names.len() != key.len() {
        return Err(Problem::usage(format!("the key of `{}` is {}", node.name, names.join(", ")))
            .hint("--key gives one value of it, and is repeated for the next")
            .into());
    }
    let wanted = Wanted { node, key, date, data_until: loaded.data_until };
    let file = format!("{CASES}/{}.case", node.name.split_once('.').map_or("", |(_, short)| short));
    let path = path_of(session, &file)?;
    let before = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
    if let Some(line) = before.lines().position(|line| line == format!("case {}", wanted.title())) {
        return Err(Problem::usage(format!("there is a case of this row: {file}:{}", line + 1))
            .hint("take it out, to draw it again")
            .into());
    }
    let project = session.project()?;
    let Drawn { text, rows, is_whole } =
        term::quietly(|| cases::draw(&warehouse, project, &catalog, &wanted))?;
    let gap = match before.chars().next_back() {
        None => "",
        Some('\n') => "\n",
        Some(_) => "\n\n",
    };
    write(&path, format!("{before}{gap}{text}").as_bytes())?;
    term::data(&text)?;
    let line = before.lines().count() + usize::from(!gap.is_empty()) + 1;
    let what = if is_whole { "that make the row" } else { "that make a row like it" };
    term::note(&format!(
        "\nwrote {file}:{line}, with {} {what}; `olist test {file}` runs it",
        term::counted(rows, "source row")
    ));
    Ok(())
}

/// The feature store or ABT that `word` means.
fn node<'a>(catalog: &'a Catalog, word: &str) -> Result<&'a Node> {
    let named = catalog.named("--new", word.trim_start_matches("./"))?;
    match named.iter().filter_map(|name| catalog.tables.get(*name)).collect::<Vec<_>>()[..] {
        [node] => Ok(node),
        _ => Err(Problem::usage(format!("--new {word}: a case is of one feature store or ABT"))
            .hint("name its file, such as features/seller_sales.sql")
            .into()),
    }
}

/// Where a file of the project is on the disk.
fn path_of(session: &Session, file: &str) -> Result<PathBuf> {
    match &session.project()?.root {
        Some(root) => Ok(root.join(file)),
        None => Err(Problem::usage("the cases that are built in cannot be changed")
            .hint("`olist init DIR` writes the project out, with its cases")
            .into()),
    }
}
