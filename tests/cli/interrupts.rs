//! Ctrl-C and SIGTERM reach what is at work: it is rolled back, nothing changes, and the exit code says so.

use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use super::support::{Place, Ran};
use super::train::with_candidates;

const SLOW: &str =
    "select count(*) from range(1000000) as a, range(1000000) as b where (a.range * b.range) % 7 = 3";
/// From the signal to the end, on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(10);

/// A feature store that is never done.
const STORE: &str = "{{ config(entity = 'seller', key = 'seller_id', description = 'Slow.') }}
select 'x' || count(*)::varchar as seller_id  -- Seller
from range(1000000) as a, range(1000000) as b where (a.range * b.range) % 7 = 3
";

/// Sends `signal` to the command as soon as it is at work, by what it has said so far, and waits for its end.
fn signalled(place: &Place, arguments: &[&str], signal: &str, is_at_work: impl Fn(&str) -> bool) -> Ran {
    let told = place.path("told");
    let mut command = place.command(arguments);
    let stderr = std::fs::File::create(&told).unwrap();
    let child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
    let since = Instant::now();
    while !is_at_work(&std::fs::read_to_string(&told).unwrap()) {
        assert!(since.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    end(place, child, signal)
}

fn end(place: &Place, child: Child, signal: &str) -> Ran {
    let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let since = Instant::now();
    let output = child.wait_with_output().unwrap();
    let ran = place.ran(&Output { stderr: std::fs::read(place.path("told")).unwrap(), ..output });
    assert!(since.elapsed() < SOON, "{:?}: {}", since.elapsed(), ran.stderr);
    ran.says(&["stopping: what is at work is rolled back", "interrupted"])
}

/// Long enough for a command to be in the midst of what takes for ever.
fn after(seconds: f64) -> impl Fn(&str) -> bool {
    let since = Instant::now();
    move |_| since.elapsed().as_secs_f64() > seconds
}

#[test]
fn a_query_is_stopped() {
    let place = Place::with_sample();
    signalled(&place, &["query", SLOW], "-INT", after(1.0)).code(130);
    signalled(&place, &["query", SLOW], "-TERM", after(1.0)).code(143);
}

#[test]
fn a_partition_is_rolled_back_and_the_run_says_so() {
    let place = Place::with_sample();
    place.write("features/slow.sql", STORE);
    let partitions = "select count(*) from pipeline.partitions";
    let before = place.cell(partitions);
    let run = ["run", "--date", "2018-06-01", "--select", "features.slow"];
    let begun = |told: &str| told.contains("features.slow");
    signalled(&place, &run, "-INT", begun).code(130).says(&["interrupted after 0 of 1 partitions"]);
    signalled(&place, &run, "-TERM", begun).code(143);
    assert_eq!(place.cell(partitions), before);
    let outcomes = "select outcome from pipeline.runs order by started_at desc limit 2";
    assert_eq!(place.query(outcomes), ["interrupted", "interrupted"]);
}

#[test]
fn a_partition_has_a_time_limit() {
    let place = Place::with_sample();
    place.write("features/slow.sql", STORE);
    let run = ["run", "--date", "2018-06-01", "--select", "features.slow", "--time-limit", "1"];
    place.olist(&run).code(1).says(&["this takes longer than 1 s", "features/slow.sql:2:1", "2018-06-01"]);
    assert_eq!(
        place.cell("select count(*) from pipeline.partitions where table_name = 'features.slow'"),
        "0"
    );
    assert_eq!(place.cell("select outcome from pipeline.runs order by started_at desc limit 1"), "failed");
    // What is fast is not stopped.
    place
        .olist(&["run", "--date", "2018-05-01", "--select", "features.seller_orders", "--time-limit", "600"])
        .code(0);
}

#[test]
fn a_training_changes_nothing() {
    let forest = "'f': {'algorithm': 'random_forest', 'trees': 5000, 'min_samples_leaf': 1},";
    let place = with_candidates(forest);
    let versions = "select count(*) || ' ' || count(*) filter (where until is null) from registry.models
        left join registry.champions using (model, version)";
    let before = place.cell(versions);
    let train = ["train", "seller_churn", "--as-of", "2018-06-01"];
    signalled(&place, &train, "-INT", after(6.0)).code(130);
    assert_eq!(place.cell(versions), before);
    assert_eq!(
        place.cell("select outcome from pipeline.runs order by started_at desc limit 1"),
        "interrupted"
    );
}

#[test]
fn a_load_leaves_the_last_one() {
    let place = Place::new();
    let load = ["ingest", "--sample", "--orders", "200000"];
    signalled(&place, &load, "-TERM", after(1.5)).code(143);
    // Where there was no database, none is left: it would be taken for one that is there.
    assert!(!place.path("olist.duckdb").exists());
    place.olist(&["ingest", "--sample", "--orders", "300"]).code(0);
    let orders = "select count(*) from sources.orders";
    let before = place.cell(orders);
    signalled(&place, &load, "-INT", after(1.5)).code(130);
    assert_eq!(place.cell(orders), before);
}
