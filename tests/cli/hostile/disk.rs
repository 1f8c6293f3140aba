//! A disk that is full.
#![cfg(unix)]

use crate::support::{Place, Ran};

/// A file may grow to so many kilobytes, as on a disk that is full.
#[cfg(unix)]
#[track_caller]
fn cramped(place: &Place, kilobytes: u64, arguments: &[&str]) -> Ran {
    let mut command = std::process::Command::new("sh");
    let line = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kilobytes * 2);
    command.args(["-c", &line, "sh", env!("CARGO_BIN_EXE_olist")]).args(arguments);
    command.current_dir(place.path("")).env_remove("OLIST_DATABASE").env_remove("MLFLOW_TRACKING_URI");
    place.run(&mut command)
}

/// What a disk without room does to a write is what a limit on the size of files does.
#[cfg(unix)]
#[test]
#[ignore = "twenty seconds of full disks"]
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
