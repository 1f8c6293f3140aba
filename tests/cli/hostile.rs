//! What nobody means well: each a clear error, in bounded time and memory, and what was there stays.

use std::io::Read;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::ingest::{gzip, small};
use super::support::Place;

const LONGEST: Duration = Duration::from_secs(60);
/// Kilobytes of memory in use.
const MOST: u64 = 2 << 20;

/// Code and stderr of a command that stays within its bounds.
#[track_caller]
fn bounded(place: &Place, arguments: &[&str]) -> (i32, String) {
    let mut command = place.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let since = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        let is_large = memory(&child) > MOST;
        if since.elapsed() > LONGEST || is_large {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} takes {}", if is_large { "too much memory" } else { "too long" });
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let told = reader.join().unwrap();
    for never in ["internal error", "panicked", "Stack Trace", "RUST_BACKTRACE", "overflow its stack"] {
        assert!(!told.contains(never), "{arguments:?} says: {told}");
    }
    assert!((0..=2).contains(&code), "{arguments:?} ends with {code}: {told}");
    (code, told)
}

/// Kilobytes of a process, where the system says so.
fn memory(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// Refused with code 1 or 2, in these words.
#[track_caller]
fn refused(place: &Place, arguments: &[&str], parts: &[&str]) {
    let (code, told) = bounded(place, arguments);
    assert!(code > 0, "{arguments:?} went through");
    for part in parts {
        assert!(told.contains(part), "`{part}` is not in:\n{told}");
    }
}

const ORDERS: &str = "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,\
    order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date\n";
const ITEMS: &str = "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n";
const REVIEWS: &str = "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,review_answer_timestamp\n";

fn review(text: &[u8]) -> Vec<u8> {
    [REVIEWS.as_bytes(), b"r1,o1,5,,", text, b",2018-01-06 00:00:00,2018-01-07 00:00:00\n"].concat()
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    let content = |place: &Place| {
        ["orders", "order_items", "order_reviews"]
            .map(|source| place.query(&format!("from sources.{source} order by all")))
    };
    let before = content(&place);
    let check = |file: &str, bytes: &[u8], parts: &[&str]| {
        let csv = file.trim_end_matches(".gz");
        let good = std::fs::read(place.path(csv)).unwrap();
        std::fs::remove_file(place.path(csv)).unwrap();
        place.write(file, bytes);
        refused(&place, &["ingest", "raw"], parts);
        std::fs::remove_file(place.path(file)).unwrap();
        place.write(csv, good);
    };
    let orders = "raw/olist_orders_dataset.csv";
    let items = "raw/olist_order_items_dataset.csv";
    let reviews = "raw/olist_order_reviews_dataset.csv";
    let row = |moment: &str| {
        format!(
            "{ORDERS}o1,c1,delivered,{moment},2018-01-02 11:00:00,2018-01-03 10:00:00,2018-01-05 10:00:00,2018-01-20 00:00:00\n"
        )
    };
    let utf16: Vec<u8> = ORDERS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(orders, &utf16, &["no UTF-8 text", "olist_orders_dataset.csv:1", "UTF-16"]);
    check(reviews, &review(b"n\xe3o"), &["olist_order_reviews_dataset.csv:2", "utf-8"]);
    check(
        reviews,
        &review(&vec![b'x'; 20 << 20]),
        &["olist_order_reviews_dataset.csv:2", "line 2 is longer than 16 MB"],
    );
    check(reviews, &review(&vec![b'"'; 4_000_001]), &["olist_order_reviews_dataset.csv:2", "quote"]);
    // DuckDB leaves such a line out without a word.
    let bomb = gzip(&review(&vec![b'"'; 300_000_000]));
    check(&format!("{reviews}.gz"), &bomb, &["line 2 is longer than 16 MB"]);
    check(reviews, &review(b"\"never closed"), &["olist_order_reviews_dataset.csv:2", "quote"]);
    for price in ["NaN", "inf", "-inf", "1e400", "99999999999999", "ten"] {
        let text = format!("{ITEMS}o1,1,p1,s1,2018-01-06 00:00:00,{price},2.50\n");
        check(items, text.as_bytes(), &["olist_order_items_dataset.csv:2", "price", price]);
    }
    check(orders, row("9999-01-02 10:00:00").as_bytes(), &["a moment that has not come", "o1", "9999-01-02"]);
    check(orders, row("infinity").as_bytes(), &["a moment that has not come", "infinity"]);
    check(orders, row("2018-02-30 10:00:00").as_bytes(), &["olist_orders_dataset.csv:2", "2018-02-30"]);
    check(orders, ORDERS.as_bytes(), &["`orders` has 0 rows, and had 2", "--force"]);
    check(orders, b"", &["this file is empty"]);
    assert_eq!(content(&place), before, "the last good load is gone");

    // Large, and not wrong.
    let good = std::fs::read(place.path(reviews)).unwrap();
    place.write(reviews, review(&vec![b'x'; 10 << 20]));
    assert_eq!(bounded(&place, &["ingest", "raw"]).0, 0);
    assert_eq!(
        place.cell("select max(length(review_comment_message)) from sources.order_reviews"),
        "10485760"
    );
    place.write(reviews, good);
    // A source may be emptied on purpose.
    place.write(orders, ORDERS);
    place.olist(&["ingest", "raw", "--force"]).code(0);
    assert_eq!(place.cell("select count(*) from sources.orders"), "0");
}

#[test]
fn a_file_that_is_replaced_while_it_is_read() {
    let place = small();
    let file = "raw/olist_order_items_dataset.csv";
    let text = |rows: usize| {
        (0..rows).fold(ITEMS.to_owned(), |text, at| {
            text + &format!("o1,{},p1,s1,2018-01-06 00:00:00,10.00,2.50\n", at + 1)
        })
    };
    let done = std::sync::atomic::AtomicBool::new(false);
    let (mut loaded, mut told) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for rows in (2000..).take_while(|_| !done.load(std::sync::atomic::Ordering::Relaxed)) {
                place.write("raw/next", text(rows));
                std::fs::rename(place.path("raw/next"), place.path(file)).unwrap();
                std::thread::sleep(Duration::from_millis(40));
            }
        });
        for _ in 0..25 {
            let (code, said) = bounded(&place, &["ingest", "raw"]);
            if code == 0 {
                loaded += 1;
                // What is said of the file is what was loaded from it.
                let digest = place.query(
                    "select digest, rows from pipeline.loads where is_current and source = 'order_items'",
                );
                let (digest, rows) = digest[0].split_once(',').unwrap();
                let expected = blake3::hash(text(rows.parse().unwrap()).as_bytes()).to_hex().to_string();
                assert_eq!(digest, expected);
            } else {
                told += 1;
                assert!(said.contains("changed while it was read"), "{said}");
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(told > 0 && loaded + told == 25, "{loaded} loaded, {told} refused");
}

#[test]
fn databases_that_are_none() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    let good = std::fs::read(place.path("olist.duckdb")).unwrap();
    let commands: [&[&str]; 3] = [
        &["--database", "x", "query", "select 1"],
        &["--database", "x", "run", "--date", "2018-01-03"],
        &["--database", "x", "check", "--date", "2018-01-03"],
    ];
    let check = |bytes: &[u8], parts: &[&str]| {
        for arguments in commands {
            place.write("x", bytes);
            refused(&place, arguments, parts);
            assert!(std::fs::read(place.path("x")).unwrap() == bytes, "the file was written to");
        }
    };
    check(&b"hello world ".repeat(1000), &["`x` is not a DuckDB database"]);
    check(b"SQLite format 3\0and so on", &["`x` is not a DuckDB database"]);
    check(b"", &["`x` is not a DuckDB database"]);
    check(&good[..5000], &["`x` is damaged", "copy of it that is whole"]);
    let mut damaged = good.clone();
    for byte in &mut damaged[20_000..20_100] {
        *byte ^= 0x5a;
    }
    place.write("x", &damaged);
    refused(&place, &["--database", "x", "query", "from sources.orders"], &["is damaged"]);
    std::fs::remove_file(place.path("x")).unwrap();
    std::fs::create_dir(place.path("x")).unwrap();
    refused(&place, commands[1], &["`x` is not a DuckDB database"]);
    std::fs::remove_dir(place.path("x")).unwrap();
    refused(&place, &["--database", "no/x", "run", "--date", "2018-01-03"], &["there is no database `no/x`"]);
    refused(&place, &["--database", "no/x", "ingest", "raw"], &["does its folder exist"]);
    refused(&place, &["--database", "/dev/null", "run", "--date", "2018-01-03"], &["not a DuckDB database"]);

    place.write("x", &good);
    duckdb::Connection::open(place.path("x"))
        .unwrap()
        .execute_batch("update pipeline.settings set value = '99' where name = 'tables_version'")
        .unwrap();
    refused(&place, commands[1], &["was written by a newer olist"]);
}

#[test]
fn templates_without_end_or_bottom() {
    let place = Place::with_sample();
    let render = ["render", "features/bad.sql", "--date", "2018-06-01"];
    let check = |body: &str, parts: &[&str]| {
        let config = "{{ config(entity = 'order', key = 'order_id', description = 'x') }}\n";
        place.write("features/bad.sql", format!("{config}{body}"));
        refused(&place, &render, parts);
    };
    let lasting = "does not come to an end";
    check(
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        &[lasting, "features/bad.sql:2:"],
    );
    check("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", &["call each other without end", "bad.sql:2:"]);
    check("{{ 'x' * 10000000000 }}", &[lasting, "bad.sql:2:4"]);
    check("{{ range(10000000000) }}", &["too many elements", "bad.sql:2:4"]);
    check("{{ '%1000000000d' | format(1) }}", &["bad.sql:2:"]);
    let doubled = |first: &str, sign: &str| {
        format!(
            "{{% set ns = namespace(x={first}) %}}{{% for i in range(60) %}}{{% set ns.x = ns.x {sign} ns.x %}}{{% endfor %}}"
        )
    };
    check(&doubled("'a' * 1000", "~"), &[lasting, "bad.sql:2:"]);
    check(&doubled("[1]", "+"), &["`features/bad.sql` does not come to an end"]);
    check("{{ 'x' * 1000000 }}".repeat(5).as_str(), &["MB of SQL", "bad.sql:2:"]);
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("{'a':", "}")] {
        check(&format!("{{{{ {}1{} }}}}", open.repeat(100_000), close.repeat(100_000)), &["bad.sql:2:"]);
    }
    for chain in ["+1", ".b", "|abs", "~1", " if 1 else 1"] {
        check(&format!("{{{{ 1{} }}}}", chain.repeat(100_000)), &["bad.sql:2:", "characters of code"]);
        check(&format!("{{{{ 1{} }}}}{{{{ nosuch }}}}", chain.repeat(1_000)), &["bad.sql:2:"]);
    }
    check(&format!("{}{}", "{% if 1 %}".repeat(10_000), "{% endif %}".repeat(10_000)), &["bad.sql:2:"]);
    check("{% include 'features/bad.sql' %}", &["bad.sql"]);
    let config = "{{ config(entity = 'order', key = 'order_id', description = 'x') }}\n";
    let run = ["run", "--date", "2018-06-01", "--select", "features.bad"];
    let deep = format!("select {}1{} as order_id", "(".repeat(100_000), ")".repeat(100_000));
    place.write("features/bad.sql", format!("{config}{deep}"));
    refused(&place, &run, &["nested deeper than 1000 levels", "bad.sql:2:100008"]);
    place.write("features/bad.sql", format!("{config}select '\0' as order_id"));
    refused(&place, &run, &["nul byte", "bad.sql:2:"]);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let place = Place::with_churn();
    let render = ["render", "features/seller_sales.sql", "--date", "2018-06-01"];
    let check = |parts: &[&str]| {
        refused(&place, &render, parts);
        std::fs::remove_file(place.path("features/odd.sql")).unwrap();
    };
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.sql"), "select 1").unwrap();
    symlink(outside.path().join("secret.sql"), place.path("features/odd.sql")).unwrap();
    check(&["`features/odd.sql` is a link out of the project"]);
    symlink("nothing.sql", place.path("features/odd.sql")).unwrap();
    check(&["`features/odd.sql` is a link that leads nowhere"]);
    symlink("odd.sql", place.path("features/odd.sql")).unwrap();
    check(&["`features/odd.sql` is a link that leads nowhere"]);
    symlink(".", place.path("features/odd.sql")).unwrap();
    check(&["is a link to a folder that it stands in"]);
    let made = std::process::Command::new("mkfifo").arg(place.path("features/odd.sql")).status().unwrap();
    assert!(made.success());
    check(&["`features/odd.sql` is no file"]);
    place.write("features/odd.sql", "x".repeat(5 << 20));
    check(&["`features/odd.sql` is larger than 4 MB"]);
    place.write("features/odd.sql", b"select '\xff'");
    check(&["features/odd.sql"]);
    symlink("seller_sales.sql", place.path("features/odd.sql")).unwrap();
    std::fs::remove_file(place.path("features/odd.sql")).unwrap();
    assert_eq!(bounded(&place, &render).0, 0);
}

/// Files of the project with bytes taken out, put in, doubled or swapped: never a panic, and an error has a place.
#[test]
fn mutated_files_are_told_of_with_their_place() {
    let place = Place::with_sample();
    let files = [
        "features/seller_sales.sql",
        "abt/seller_churn.sql",
        "models/seller_churn.sql",
        "queries/sources/orders.sql",
    ];
    let texts = files.map(|file| place.read(file));
    let pieces = select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "'",
        "\"",
        "(",
        ")",
        "[",
        "]",
        ",",
        "\u{0}",
        "é",
        "\r\n",
        "--",
        "/*",
        "$$",
        "{% for x in [1] %}",
        "{% endfor %}",
        "{{ x }}",
        "config(",
        "1e999",
        "-1",
        "none",
        "true",
        "{}",
        "select",
        "from",
        "=",
        ":",
        "99999999999999999999",
        "''''",
    ]);
    let change = (any::<Index>(), 0..40_usize, pieces);
    let changes = (0..files.len(), proptest::collection::vec(change, 1..4));
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 150, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::XorShift),
    );
    let failing = std::cell::Cell::new(0);
    let outcome = runner.run(&changes, |(file, changes)| {
        let mut text = texts[file].clone();
        for (at, cut, put) in changes {
            let floor = |mut at: usize| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = floor(at.index(text.len()));
            let end = floor((start + cut).min(text.len())).max(start);
            text.replace_range(start..end, put);
        }
        place.write(files[file], &text);
        let told = [
            &["render", "features/seller_sales.sql", "--date", "2018-06-01"][..],
            &["check", "--date", "2018-06-01", "--select", "abt.seller_churn"],
        ]
        .map(|arguments| bounded(&place, arguments));
        place.write(files[file], &texts[file]);
        for (_, told) in told.into_iter().filter(|(code, _)| *code > 0) {
            failing.set(failing.get() + 1);
            prop_assert!(told.contains(".sql"), "no place in: {}\nfor {}:\n{}", told, files[file], text);
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(failing.get() > 50, "{} of 300 failed: what is mutated is not read", failing.get());
}

/// Words of the command line in any order.
#[test]
fn any_command_line_ends() {
    let place = Place::with_sample();
    let words = select(vec![
        "run",
        "ingest",
        "check",
        "train",
        "score",
        "models",
        "promote",
        "rollback",
        "render",
        "query",
        "mlflow",
        "sync",
        "export",
        "--date",
        "--every",
        "--select",
        "--sample",
        "--orders",
        "100",
        "--force",
        "--future",
        "--var",
        "--threads",
        "--memory-limit",
        "--wait",
        "--project",
        "--format",
        "--quiet",
        "--as-of",
        "--until",
        "2018-06-01",
        "2018-06-01..2018-06-03",
        "2018-06-03..2018-06-01",
        "9999-12-31",
        "0000-00-00",
        "-1",
        "0",
        "99999999999999999999",
        "",
        "a=b",
        "=",
        "..",
        "/",
        "é",
        "json",
        "csv",
        "seller_churn",
        "no_model",
        "features.seller_sales",
        "1",
        "select 1",
        "select",
        ";",
        "'",
        "1KB",
        "day",
    ]);
    let lines = proptest::collection::vec(words, 1..7);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 150, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::XorShift),
    );
    runner
        .run(&lines, |words| {
            let (code, told) = bounded(&place, &words);
            prop_assert!(code == 0 || !told.trim().is_empty(), "{words:?} ends with {code} and says nothing");
            Ok(())
        })
        .unwrap();
}

/// A file may grow to so many kilobytes, as on a disk that is full.
#[cfg(unix)]
#[track_caller]
fn cramped(place: &Place, kilobytes: u64, arguments: &[&str]) -> super::support::Ran {
    let mut command = std::process::Command::new("sh");
    let line = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kilobytes * 2);
    command.args(["-c", &line, "sh", env!("CARGO_BIN_EXE_olist")]).args(arguments);
    command.current_dir(place.path("")).env_remove("OLIST_DATABASE").env_remove("MLFLOW_TRACKING_URI");
    place.run(&mut command)
}

/// What a disk without room does to a write is what a limit on the size of files does.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let place = Place::with_churn();
    place.olist(&["ingest", "--sample", "--orders", "3000"]).code(0);
    place.olist(&["run", "--date", "2018-05-01", "--select", "abt.seller_churn"]).code(0);
    let size = std::fs::metadata(place.path("olist.duckdb")).unwrap().len() / 1024;
    let mut failed = 0;
    for more in [0, 100, 300, 1000, 3000] {
        let run = ["run", "--date", "2017-09-01..2018-05-01", "--select", "abt.seller_churn", "--force"];
        let ran = cramped(&place, size + more, &run);
        if ran.code != 0 {
            failed += 1;
            assert!([1, 2].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
            ran.does_not_say(&["panicked", "internal error", "Stack Trace"]).says(&["error: "]);
        }
        // Whatever is there is whole: the ledger says the rows of each date, and what stood before stands.
        let wrong = "select count(*) from (
            select reference_date, count(*) as rows from abt.seller_churn group by all
            except select reference_date, rows from pipeline.partitions where table_name = 'abt.seller_churn')";
        assert_eq!(place.cell(wrong), "0");
        assert!(!place.query("from abt.seller_churn where reference_date = date '2018-05-01'").is_empty());
    }
    assert!(failed > 0, "the disk was never full");
    // With room again, it goes on.
    place.olist(&["run", "--date", "2018-05-01", "--select", "abt.seller_churn", "--force"]).code(0);
}
