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

/// What a terminal of so many columns shows; `None` where there is no `script` that gives one.
fn in_terminal(place: &Place, columns: usize, arguments: &str) -> Option<String> {
    let run = format!("stty cols {columns} rows 24; {} {arguments}", env!("CARGO_BIN_EXE_olist"));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &run, "/dev/null"]).current_dir(place.path(""));
    let Some(output) = script.output().ok().filter(|output| output.status.success()) else {
        eprintln!("skipped: there is no `script` that gives a terminal");
        return None;
    };
    Some(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n"))
}

/// In a terminal of 60 columns no line of the progress or of a table is wider.
#[test]
fn a_narrow_terminal_is_not_written_over() {
    let place = Place::with_sample();
    let build = in_terminal(&place, 60, "run --force --date 2018-04-01 --select abt.seller_churn");
    let train = in_terminal(&place, 60, "train seller_churn --as-of 2018-06-01");
    let (Some(build), Some(train)) = (build, train) else { return };
    for (progress, what) in [(build, " build ["), (train, " train [")] {
        let bars: Vec<&str> = progress.split(['\r', '\n']).filter(|line| line.contains(what)).collect();
        assert!(!bars.is_empty(), "{progress}");
        for bar in bars {
            let bar = bar.replace("\u{1b}[2K", "");
            assert!(bar.chars().count() <= 60 && bar.contains(" left"), "{bar}");
        }
    }
    let run = in_terminal(&place, 60, "run --date 2018-06-01 2>/dev/null").unwrap();
    assert!(run.starts_with("seller_id "), "{run}");
    assert!(run.lines().all(|line| line.trim_end().chars().count() <= 60), "{run}");
    let first = place.cell("select seller_id from reports.seller_churn_to_call limit 1");
    assert!(run.contains(&first), "{run}");
    // Ten columns in 60 are one row a block, with whole ids. A pipe gets the table.
    let query = in_terminal(&place, 60, "query seller_churn_to_call").unwrap();
    assert!(query.contains(&format!("-[ 1 ]-\nseller_id                     {first}\n")), "{query}");
    assert!(query.contains("one row a block"), "{query}");
    assert!(!place.olist(&["query", "seller_churn_to_call"]).code(0).stdout.contains("-[ 1 ]-"));
}

#[test]
fn a_terminal_shows_a_thousand_rows_and_a_pipe_all() {
    let place = Place::with_sample();
    let sql = "from range(1234)";
    let whole = place.olist(&["query", sql]).code(0).does_not_say(&["of 1,234 rows"]);
    assert_eq!(whole.stdout.lines().count(), 1235);
    let Some(shown) = in_terminal(&place, 80, &format!("query '{sql}'")) else { return };
    assert!(shown.contains("\n  999\n") && !shown.contains("\n 1000\n"), "{shown}");
    assert!(shown.contains("1,000 of 1,234 rows: "), "{shown}");
    let csv = in_terminal(&place, 80, &format!("query '{sql}' --format csv")).unwrap();
    assert_eq!(csv.lines().count(), 1235);
}

#[test]
fn a_run_ends_with_whom_to_call_and_what_to_do_next() {
    let place = Place::with_sample();
    let ran = place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&[
        "seller_churn_to_call: The hundred sellers to call first: most revenue expected to be lost",
        "(2018-06-01, the first 10 of 1",
        "\n  olist query seller_churn_to_call\n",
    ]);
    let all = place.olist(&["query", "seller_churn_to_call", "--format", "csv"]).code(0).stdout;
    let ids = |text: &str, sign: char| -> Vec<String> {
        text.lines().skip(1).take(10).map(|line| line.split(sign).next().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&ran.stdout, ' '), ids(&all, ','));
    // A model without a report shows its scores.
    std::fs::remove_file(place.path("queries/reports/seller_churn_to_call.sql")).unwrap();
    let ran = place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&["read all of them:"]);
    assert!(ran.stdout.starts_with("seller_id  ") && ran.stdout.contains("  decile  "), "{}", ran.stdout);
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
