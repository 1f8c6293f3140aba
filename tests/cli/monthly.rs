//! A month by cron, as docs/monthly.md has it: the script there is run as it stands.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use duckdb::{AccessMode, Config, Connection};

use super::again::files;
use super::support::{Place, Ran, repository};
use super::train::{RULE, model};

fn script(place: &Place) {
    let page = std::fs::read_to_string(repository().join("docs/monthly.md")).unwrap();
    let (_, rest) = page.split_once("```sh\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    place.write("monthly.sh", script.replace("/srv/olist", &place.path("").display().to_string()));
}

fn month(place: &Place) -> Ran {
    let olist = std::path::Path::new(env!("CARGO_BIN_EXE_olist")).parent().unwrap();
    let path = format!("{}:{}", olist.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.arg(place.path("monthly.sh")).env("PATH", path).env_remove("MLFLOW_TRACKING_URI");
    let output = command.output().unwrap();
    place.ran(&output)
}

#[test]
#[ignore = "three months"]
fn three_months_of_which_one_is_bad() {
    let sample = Place::with_sample();
    let place = Place::with_churn();
    place.write("models/seller_churn.sql", model(RULE));
    script(&place);
    let as_of = |date: &str| {
        files(&sample, &place, |name| format!("select * from sources.{name}_as_of(date '{date}')"));
    };
    as_of("2018-07-01");
    month(&place).code(0).says(&["published"]);
    let dates =
        |place: &Place| place.query("select distinct reference_date from scores.seller_churn order by all");
    let first = dates(&place);
    assert_eq!(first.len(), 1);

    // A reader has the copy open, again and again, all the while.
    let (is_over, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let config = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
                let conn = Connection::open_with_flags(place.path("shared.duckdb"), config).unwrap();
                let sql = "select count(*) > 0 from scores.seller_churn";
                assert!(conn.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap());
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        // A file that is cut short: the last good load and its scores stay.
        let orders = std::fs::read(place.path("raw/olist_orders_dataset.csv.gz")).unwrap();
        place.write("raw/olist_orders_dataset.csv.gz", &orders[..orders.len() / 2]);
        month(&place).code(1).says(&["olist_orders_dataset.csv.gz"]);
        assert_eq!(dates(&place), first);

        as_of("2018-08-01");
        month(&place).code(0);
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert!(reads.load(Ordering::Relaxed) > 0);
    assert_eq!(dates(&place).len(), 2);
    let copy = Connection::open(place.path("shared.duckdb")).unwrap();
    let newest: String = copy
        .query_row("select max(reference_date)::varchar from scores.seller_churn", [], |row| row.get(0))
        .unwrap();
    assert_eq!(newest, dates(&place)[1]);
    assert!(place.path("backup.duckdb").exists());
    // The same night again: nothing is done.
    month(&place).code(0).says(&["nothing changed", "nothing to do"]);
}
