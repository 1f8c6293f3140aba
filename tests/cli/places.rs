//! Where the database and its copies stand: links, names that DuckDB would read otherwise, the folder of the project.

#![cfg(unix)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::ingest::small;
use super::support::Place;

fn files(place: &Place, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(place.path(folder)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_database_behind_a_link_is_that_database() {
    let place = small();
    std::fs::create_dir(place.path("disk")).unwrap();
    symlink("disk/real.duckdb", place.path("link.duckdb")).unwrap();
    let link = ["--database", "link.duckdb"];
    // A first load that fails leaves the link, and no database.
    place.write("raw/olist_sellers_dataset.csv", "");
    place.olist(&[&["ingest", "raw"][..], &link].concat()).code(1);
    assert!(files(&place, "disk").is_empty() && place.path("link.duckdb").is_symlink());
    place.write(
        "raw/olist_sellers_dataset.csv",
        "seller_id,seller_zip_code_prefix,seller_city,seller_state\ns1,00123,a,SP\n",
    );
    place.olist(&[&["ingest", "raw"][..], &link].concat()).code(0);
    for _ in 0..2 {
        let run = ["run", "--date", "2018-01-04", "--select", "features.seller_reviews", "--force"];
        place.olist(&[&run[..], &link].concat()).code(0);
    }
    // No log is left beside it, and its format is that of clients of DuckDB 1.4.
    assert_eq!(files(&place, "disk"), ["real.duckdb"]);
    assert!(place.path("link.duckdb").is_symlink());
    let head = std::fs::read(place.path("disk/real.duckdb")).unwrap();
    assert!((64..=67).contains(&head[12]), "storage version {}", head[12]);
}

#[test]
fn a_published_copy_keeps_its_link_and_its_mode() {
    let place = Place::with_sample();
    std::fs::create_dir(place.path("shared")).unwrap();
    symlink("shared/copy.duckdb", place.path("copy.duckdb")).unwrap();
    let publish = || place.olist(&["run", "--date", "2018-06-01", "--publish", "copy.duckdb"]);
    publish().code(0);
    let copy = place.path("shared/copy.duckdb");
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o640)).unwrap();
    let before = copy.metadata().unwrap();
    publish().code(0);
    let after = copy.metadata().unwrap();
    assert_ne!(before.ino(), after.ino());
    assert_eq!((after.mode() & 0o777, after.uid()), (0o640, before.uid()));
    assert!(place.path("copy.duckdb").is_symlink());
    assert_eq!(files(&place, "shared"), ["copy.duckdb"]);
    symlink("olist.duckdb", place.path("self.duckdb")).unwrap();
    place
        .olist(&["run", "--date", "2018-06-01", "--publish", "self.duckdb"])
        .code(2)
        .says(&["it is the database itself"]);
}

#[test]
fn a_name_is_read_as_it_is_or_refused() {
    let place = small();
    for name in [":memory:", "a b's #1.duckdb", "dados[1].duckdb", "md:x", "~x.duckdb"] {
        place.olist(&["ingest", "raw", "--database", name]).code(0);
        let ran = place.olist(&[
            "query",
            "select count(*) as n from sources.orders",
            "--format",
            "csv",
            "--database",
            name,
        ]);
        ran.code(0).prints("n\n2\n");
        assert!(place.path(name).is_file(), "{name}");
        assert!(!place.path(&format!("{name}.wal")).exists(), "{name}");
    }
    for name in ["a?b.duckdb", "a\\b.duckdb"] {
        let refused = place.olist(&["ingest", "raw", "--database", name]).code(2);
        refused.says(&[&format!("{name}` has a "), "another name"]);
    }
    assert!(files(&place, "").iter().all(|name| !name.contains(".wal")));
}

#[test]
fn the_default_database_stands_beside_the_project() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    place.write("notebooks/deep/x.txt", "");
    let mut command = place.command(&["run", "--date", "2018-01-04", "--select", "features.seller_reviews"]);
    place.run(command.current_dir(place.path("notebooks/deep"))).code(0).does_not_say(&["synthetic"]);
    assert_eq!(files(&place, "notebooks/deep"), ["x.txt"]);
    assert_eq!(
        place.cell("select count(*) from pipeline.partitions where table_name = 'features.seller_reviews'"),
        "1"
    );
    // What is named is where it is named.
    let mut command = place.command(&["query", "select 1", "--database", "olist.duckdb"]);
    place
        .run(command.current_dir(place.path("notebooks")))
        .code(2)
        .says(&["there is no database `olist.duckdb`"]);
}

#[test]
fn the_sample_is_never_loaded_into_what_is_named() {
    let place = Place::with_churn();
    let run = ["run", "--date", "2018-05-01", "--select", "features.seller_reviews"];
    place
        .olist(&[&run[..], &["--database", "olsit.duckdb"]].concat())
        .code(2)
        .says(&["there is no database `olsit.duckdb`", "`olist ingest DIR` makes one"]);
    let mut command = place.command(&run);
    place
        .run(command.env("OLIST_DATABASE", "olsit.duckdb"))
        .code(2)
        .says(&["there is no database `olsit.duckdb`"]);
    assert!(!place.path("olsit.duckdb").exists());
}

#[test]
fn what_is_synthetic_is_called_so() {
    let place = Place::with_sample();
    let comment =
        "select comment from duckdb_tables() where schema_name = 'scores' and table_name = 'seller_churn'";
    assert!(place.cell(comment).contains("Synthetic: the marketplace is invented."));
    place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&["these are synthetic data"]);
    place.olist(&["ingest", "--sample", "--orders", "12000"]).code(0).says(&["these are synthetic data"]);
}

#[test]
fn a_run_says_what_became_of_it_and_no_secrets() {
    let place = Place::with_sample();
    let run = ["run", "--date", "2018-06-01", "--select", "features.seller_reviews", "--force"];
    place
        .olist(&[&run[..], &["--var", "token=SECRET", "--var=key=SECRET"]].concat())
        .code(0)
        .does_not_say(&["SECRET"]);
    let last = "select command, outcome from pipeline.runs order by started_at desc limit 1";
    let line = place.query(last)[0].clone();
    assert!(line.contains("--var token=… --var=key=…") && line.ends_with("done"), "{line}");
    let mut child = place.command(&["run", "--date", "2018-04-01..2018-06-01", "--force"]).spawn().unwrap();
    let begun = "select count(*) from pipeline.runs where command like '%2018-04-01%'";
    std::thread::sleep(std::time::Duration::from_millis(700));
    child.kill().unwrap();
    child.wait().unwrap();
    if place.cell(begun) == "1" {
        let outcome = "select outcome from pipeline.runs where command like '%2018-04-01%'";
        assert_ne!(place.cell(outcome), "running");
    }
    for address in [
        "htps://ana:SECRET@host",
        "ana:SECRET@host:5000",
        "http//ana:SECRET@host:5000",
        "ftp://host/?token=SECRET",
    ] {
        let mut command = place.command(&["mlflow", "sync"]);
        let ran = place.run(command.env("MLFLOW_TRACKING_URI", address)).code(2);
        ran.says(&["MLFLOW_TRACKING_URI is `", "host"]).does_not_say(&["SECRET"]);
    }
}
