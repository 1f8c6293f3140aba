//! The cases of tests/sql/*.case, worked out by hand, and the command that runs an analyst's.

mod command;
mod drawn;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use olist::cases::{self, Case};
use olist::catalog::Catalog;
use olist::project::Project;

fn all() -> Vec<Case> {
    let files = Project::built_in().cases().unwrap();
    files.iter().flat_map(|(file, text)| cases::read(file, text).unwrap()).collect()
}

/// `ONLY=seller_sales` runs those whose file or title has this in it.
#[test]
fn every_case_holds() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut cases = all();
    assert!(cases.len() >= 100, "only {} cases were found", cases.len());
    cases.retain(|case| case.file.contains(&only) || case.title.contains(&only));
    let project = Project::built_in();
    let catalog =
        Catalog::read(&project, BTreeMap::new(), NaiveDate::from_ymd_opt(2018, 1, 1).unwrap()).unwrap();
    let outcomes = cases::run(&project, &catalog, &cases, 2).unwrap();
    let mut failures = Vec::new();
    for (case, outcome) in cases.iter().zip(outcomes) {
        match outcome {
            Ok(outcome) if outcome.is_ok() => {}
            Ok(outcome) => {
                failures.push(format!("{}: {}\n{}", case.name(), case.title, outcome.table(case).text()));
            }
            Err(problem) => failures.push(format!("{}: {}\n{problem}", case.name(), case.title)),
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases fail:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[test]
fn every_feature_store_and_abt_has_cases() {
    let (cases, project) = (all(), Project::built_in());
    for folder in ["features", "abt"] {
        for (file, name) in project.in_folder(folder) {
            let count = cases.iter().filter(|case| case.expect.table == format!("{folder}.{name}")).count();
            assert!(count >= 4, "{file} has {count} cases in tests/sql/");
        }
    }
}
