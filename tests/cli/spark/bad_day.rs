//! What goes wrong on Spark is told with what to do, and the same command again ends the same.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::super::support::Place;
use super::{DATE, Server, folder_of, on_spark, rows_in, run_of, with_lake};

const TABLE: &str = "features.seller_sales";

/// What the lake holds of the table, by the ledger.
fn ledger(place: &Place) -> Vec<String> {
    place.query("select table_name, rows, fingerprint, lake from pipeline.partitions order by all")
}

#[test]
fn an_error_of_spark_stands_at_the_analysts_line() {
    let Some(server) = Server::shared() else { return };
    let place = with_lake(Place::with_churn());
    place.write(
        "features/numbers.sql",
        "{{ config(entity = 'seller', key = 'seller_id', description = 'Numbers.') }}
select
    seller_id,  -- Seller
    max(cast(order_id as integer)) as number,  -- A number
from {{ source('order_items') }}
group by seller_id
",
    );
    let ran = place.run(&mut run_of(&place, server, "features.numbers")).code(1);
    ran.says(&["CAST_INVALID_INPUT", "features/numbers.sql:4:", "reference date 2018-06-01"]);
    assert!(place.cell("select message from pipeline.failures limit 1").contains("CAST_INVALID"));
}

#[test]
fn a_server_that_is_not_there_is_named_without_its_token() {
    if cfg!(not(feature = "spark")) {
        return;
    }
    let place = with_lake(Place::with_churn());
    let remote = "sc://127.0.0.1:9/;token=SECRET";
    let run = ["run", "--date", DATE, "--engine", "spark", "--remote", remote, "--lake", "lake"];
    place
        .olist(&run)
        .code(2)
        .says(&["sc://127.0.0.1:9", "does not answer", "is it running"])
        .does_not_say(&["SECRET"]);
    let wrong = [
        "run",
        "--date",
        DATE,
        "--engine",
        "spark",
        "--remote",
        "sc://host:x/;token=SECRET",
        "--lake",
        "lake",
    ];
    place.olist(&wrong).code(2).says(&["is no address of Spark Connect"]).does_not_say(&["SECRET"]);
    let clear = [
        "run",
        "--date",
        DATE,
        "--engine",
        "spark",
        "--remote",
        "sc://example.com/;token=SECRET",
        "--lake",
        "lake",
    ];
    place.olist(&clear).code(2).says(&["use_ssl=true"]).does_not_say(&["SECRET"]);
    let ran = place.olist(&["run", "--date", DATE, "--engine", "spark"]).code(2);
    ran.says(&["--engine spark needs --remote"]);
}

#[test]
fn without_the_feature_olist_says_how_to_get_it() {
    if cfg!(feature = "spark") {
        return;
    }
    let place = with_lake(Place::with_churn());
    let run = ["run", "--date", DATE, "--engine", "spark", "--remote", "sc://127.0.0.1:9", "--lake", "lake"];
    place.olist(&run).code(2).says(&["this olist was built without Spark", "--features spark"]);
}

#[test]
fn a_source_that_is_not_pushed_is_named() {
    let Some(server) = Server::shared() else { return };
    let place = Place::with_churn();
    place.olist(&["ingest", "--sample", "--orders", "4000"]).code(0);
    let ran = place.run(&mut run_of(&place, server, TABLE)).code(2);
    ran.says(&["is not in the lake", "olist lake push --lake"]);
    place.olist(&["lake", "push", "--lake", "lake"]).code(0);
    let again = place.olist(&["lake", "push", "--lake", "lake"]).code(0);
    assert!(again.stdout.contains("was there") && !again.stdout.contains("written"), "{}", again.stdout);
    place.olist(&["lake", "push", "--lake", "s3://bucket/olist"]).code(2).says(&["aws s3 sync"]);
}

#[test]
fn a_half_written_partition_is_none() {
    let Some(server) = Server::shared() else { return };
    let place = with_lake(Place::with_churn());
    place.run(&mut run_of(&place, server, TABLE)).code(0);
    let before = ledger(&place);
    let folder = folder_of(&place, TABLE);
    // As a run leaves it that was killed before its line in the ledger.
    let forget = format!("delete from pipeline.partitions where table_name = '{TABLE}'");
    duckdb::Connection::open(place.path("olist.duckdb")).unwrap().execute_batch(&forget).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(format!("{folder}/_temporary")).unwrap();
    std::fs::write(format!("{folder}/part-00000.snappy.parquet"), "half").unwrap();
    place.run(&mut run_of(&place, server, TABLE)).code(0).says(&["built 1 partition"]);
    assert_eq!(ledger(&place), before);
    assert!(rows_in(&folder) > 0);
}

#[test]
fn ctrl_c_stops_what_is_at_work_on_the_server() {
    // Its own: Spark's local mode may keep a lock of what was stopped.
    let Some(server) = &Server::start("local[2]") else { return };
    let place = with_lake(Place::with_churn());
    place.write(
        "features/slow.sql",
        "{{ config(entity = 'seller', key = 'seller_id', description = 'Slow.') }}
select max(x.seller_id) as seller_id  -- Seller
from {{ source('order_items') }} as x
cross join {{ source('order_items') }} as y
cross join {{ source('order_items') }} as z
where x.price + y.price + z.price < -1
",
    );
    let told = place.path("told");
    let mut command = run_of(&place, server, "features.slow");
    let child = command.stdout(Stdio::null()).stderr(std::fs::File::create(&told).unwrap()).spawn().unwrap();
    let said = || std::fs::read_to_string(&told).unwrap();
    // All is short but the SELECT itself: when one thing is at work for seconds, that is it.
    let is_at_work = || {
        let count = |sign: &str| server.log().matches(sign).count();
        said().contains("features.slow") && count("is created.") > count("Release all for opId")
    };
    let (begin, mut since) = (Instant::now(), Instant::now());
    while since.elapsed() < Duration::from_secs(4) {
        assert!(begin.elapsed() < Duration::from_secs(180), "it does not begin: {}", said());
        std::thread::sleep(Duration::from_millis(100));
        since = if is_at_work() { since } else { Instant::now() };
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said());
    assert!(said().contains("interrupted"), "{}", said());
    let since = Instant::now();
    while !server.log().contains("OPERATION_CANCELED") {
        assert!(since.elapsed() < Duration::from_secs(30), "the server goes on");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(place.cell("select outcome from pipeline.runs"), "interrupted");
}

#[test]
fn a_server_that_dies_in_a_run_is_told_and_the_run_goes_on_from_there() {
    let Some(mut server) = Server::start("local[2]") else { return };
    let place = with_lake(Place::with_churn());
    let range = ["run", "--date", "2018-01-01..2018-06-01", "--select", TABLE];
    let told = place.path("told");
    let mut command = on_spark(&place, &server, &range);
    let mut child = command.stderr(std::fs::File::create(&told).unwrap()).spawn().unwrap();
    let since = Instant::now();
    while std::fs::read_dir(place.path("lake/features")).is_err() && child.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < Duration::from_secs(120), "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.kill();
    let status = child.wait().unwrap();
    let said = std::fs::read_to_string(&told).unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(
        said.contains("does not answer") && said.contains("the same command goes on from here"),
        "{said}"
    );
    server.restart();
    place.run(&mut on_spark(&place, &server, &range)).code(0);
    assert_eq!(
        place.cell(&format!("select count(*) from pipeline.partitions where table_name = '{TABLE}'")),
        "6"
    );
    place.run(&mut on_spark(&place, &server, &range)).code(0).says(&["nothing to do"]);
}

#[test]
fn a_worker_that_dies_costs_time_alone() {
    let Some(server) = Server::start("local-cluster[2,1,1024]") else { return };
    let place = with_lake(Place::with_churn());
    let range = ["run", "--date", "2018-01-01..2018-06-01", "--select", TABLE];
    let mut child = on_spark(&place, &server, &range).spawn().unwrap();
    let since = Instant::now();
    let executor = loop {
        if std::fs::read_dir(place.path("lake/features")).is_ok()
            && let Some(executor) = server.executors().first()
        {
            break *executor;
        }
        assert!(since.elapsed() < Duration::from_secs(180), "it does not begin: {}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    };
    let killed = std::process::Command::new("kill").args(["-9", &executor.to_string()]).status().unwrap();
    assert!(killed.success());
    let code = child.wait().unwrap().code();
    assert!(server.log().contains("Lost executor"), "{}", server.log());
    if code != Some(0) {
        place.run(&mut on_spark(&place, &server, &range)).code(0);
    }
    assert_eq!(
        place.cell(&format!("select count(*) from pipeline.partitions where table_name = '{TABLE}'")),
        "6"
    );
}
