//! Mistakes of tests/mistakes/*/*.txt, each with the place where it has to be shown and all that is said.
//!
//! `BLESS=1 cargo test …` writes what is said now into the files; the marked place and the exit code stay as they were
//! written by hand. `ONLY=overflow` runs the files with this in their name; without it and without
//! `SLOW`, every fourth is run.

mod format;

use std::path::PathBuf;

use crate::support::{Place, pattern, repository};
use format::Mistake;

/// One in so many is looked at by `cargo test --release` alone.
const SHOWN: usize = 4;

/// Plants it, runs the commands, and compares.
fn check(mistake: &mut Mistake, bless: bool) -> Result<(), String> {
    let place = match mistake.start.as_str() {
        "sample" => Place::with_sample(),
        "raw" => Place::with_files(),
        "planted" => Place::with_planted(),
        "planted sample" => Place::with_planted_sample(),
        other => return Err(format!("there is no start `{other}`")),
    };
    let expected = mistake.plant(&place);
    let last = mistake.calls.len() - 1;
    for (at, call) in mistake.calls.iter_mut().enumerate() {
        let ran = place.olist(&words(&call.line)[1..].iter().map(String::as_str).collect::<Vec<_>>());
        let said = &ran.stderr;
        if said.contains("panicked") || said.contains("Stack Trace") || said.contains("internal error") {
            return Err(format!("a panic or a trace:\n{said}"));
        }
        if let Some(code) = call.code.filter(|code| *code != ran.code) {
            return Err(format!("`{}`: exit code {}, not {code}:\n{said}", call.line, ran.code));
        }
        if let Some(expected) = expected.as_ref().filter(|_| at == last) {
            let found = said.find(expected.as_str()).map(|at| &said[at + expected.len()..]);
            if found.is_none_or(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
                return Err(format!("expected {expected}, found:\n{said}"));
            }
        }
        if bless {
            call.code = Some(ran.code);
            let is_compared = at == last || call.stderr.is_some();
            let is_same = call.stderr.as_deref().is_some_and(|wanted| pattern::fits(wanted, said));
            if is_compared && !is_same {
                call.stderr = Some(pattern::of(said));
            }
        } else if let Some(wanted) = call.stderr.as_deref().filter(|wanted| !pattern::fits(wanted, said)) {
            return Err(format!("`{}` says:\n{said}\nexpected:\n{wanted}", call.line));
        }
    }
    Ok(())
}

/// Words of a command line, with quotes as in a shell.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' | '"' => rest[1..].split_once(first).unwrap_or_else(|| panic!("open quote: {line}")),
            _ => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// Every file of one folder.
#[track_caller]
fn folder(name: &str) {
    let bless = std::env::var_os("BLESS").is_some();
    let only = std::env::var("ONLY").unwrap_or_default();
    let folder = repository().join("tests/mistakes").join(name);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    // All of them are for the slow suites, and for who looks at one.
    if std::env::var_os("SLOW").is_none() && !bless && only.is_empty() {
        files = files.into_iter().step_by(SHOWN).collect();
    }
    let mut failures = Vec::new();
    for path in &files {
        let name = format!("{name}/{}", path.file_stem().unwrap().to_str().unwrap());
        if !name.contains(&only) {
            continue;
        }
        let mut mistake = Mistake::read(path, &name);
        match check(&mut mistake, bless) {
            Err(why) => failures.push(format!("tests/mistakes/{}.txt: {why}", mistake.name)),
            Ok(()) if bless => std::fs::write(path, mistake.text()).unwrap(),
            Ok(()) => {}
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} mistakes are not told as expected (BLESS=1 writes what is said now):\n\n{}",
        failures.len(),
        files.len(),
        failures.join("\n----\n")
    );
}

/// One test a folder, so that they run side by side.
macro_rules! folders {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            folder(stringify!($name));
        })*

        #[test]
        fn every_folder_is_run() {
            let mut found: Vec<String> = std::fs::read_dir(repository().join("tests/mistakes"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            assert_eq!(found, [$(stringify!($name)),*]);
        }
    };
}

folders!(abt audit config jinja macros models names quotes reports rows sources spark sql);

#[test]
fn a_wrong_place_and_a_wrong_word_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slip.txt");
    let written = |sql: &str, said: &str| {
        let head = "{{ config(entity = 'order', key = 'order_id', description = 'x') }}";
        let text = format!(
            "=== features/slip.sql ===\n{head}\n{sql}\n\n=== olist -q render features/slip.sql --date 2018-06-01 ===\n{said}"
        );
        std::fs::write(&path, text).unwrap();
        check(&mut Mistake::read(&path, "slip"), false)
    };
    assert_eq!(written("select {{ ‸nothing }}", "exit code 2\n...\n"), Ok(()));
    assert!(written("select {{ n‸othing }}", "exit code 2\n...\n").unwrap_err().contains(":2:12"));
    assert!(written("select {{ nothing }}¦\n", "exit code 1\n...\n").unwrap_err().contains("exit code 2"));
    assert!(written("select {{ nothing }}", "exit code 2\nerror: none\n").unwrap_err().contains("expected"));
    assert_eq!(words("olist query 'select 1' -q"), ["olist", "query", "select 1", "-q"]);
}
