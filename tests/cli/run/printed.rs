//! What is printed, and where.

use crate::support::Place;

#[test]
fn nothing_to_show_is_an_empty_list() {
    let place = Place::with_sample();
    let store = ["run", "--date", "2018-06-01", "--select", "features.seller_sales", "--format"];
    place.olist(&[&store[..], &["json"]].concat()).code(0).prints("[]\n");
    place.olist(&[&store[..], &["table"]].concat()).code(0).prints("");
    // A date with nobody in the population.
    let nobody = ["score", "seller_churn", "--date", "2016-10-01", "--format", "json"];
    place.olist(&nobody).code(0).prints("[]\n").says(&["nobody is in its population"]);
    let new = Place::new();
    new.olist(&["ingest", "--sample", "--orders", "1000"]).code(0);
    new.olist(&["models", "--format", "json"]).code(0).prints("[]\n");
}

/// In a terminal of 60 columns no line of the progress or of a table is wider.
#[test]
fn a_narrow_terminal_is_not_written_over() {
    let place = Place::with_sample();
    let shown = |arguments: &str| {
        let run = format!("stty cols 60 rows 24; {} {arguments}", env!("CARGO_BIN_EXE_olist"));
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &run, "/dev/null"]).current_dir(place.path(""));
        let output = script.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let progress = "run --force --date 2018-04-01 --select abt.seller_churn";
    let Some(progress) = shown(progress).filter(|text| text.contains("2018-04-01")) else {
        eprintln!("skipped: there is no `script` that gives a terminal");
        return;
    };
    let bars: Vec<&str> = progress.split(['\r', '\n']).filter(|line| line.contains(" build [")).collect();
    assert!(!bars.is_empty(), "{progress}");
    for bar in bars {
        let bar = bar.replace("\u{1b}[2K", "");
        assert!(bar.chars().count() <= 60, "{bar}");
    }
    let table = shown("query seller_churn_to_call").unwrap();
    let run = shown("run --date 2018-06-01 2>/dev/null").unwrap();
    assert!(run.contains('…'), "{run}");
    assert!(run.lines().all(|line| line.trim_end().chars().count() <= 60), "{run}");
    // Ten columns in 60 are no table any more: it is left as it is. A pipe gets all of it.
    assert!(!table.contains('…'), "{table}");
    assert!(!place.olist(&["run", "--date", "2018-06-01"]).code(0).stdout.contains('…'));
}

#[test]
fn quiet_prints_data_only() {
    let place = Place::with_sample();
    let ran =
        place.olist(&["run", "--date", "2018-06-01", "--quiet", "--format", "csv"]).code(0).complains("");
    assert!(
        ran.stdout.starts_with("seller_id,score,rank,decile,model_version,trained_through\n"),
        "{}",
        ran.stdout
    );
}
