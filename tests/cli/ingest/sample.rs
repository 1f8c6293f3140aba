//! The synthetic marketplace.

use super::small;
use crate::support::Place;

#[test]
fn settings_of_the_sample_do_not_go_with_files() {
    let place = small();
    for setting in ["--orders", "--seed"] {
        place
            .olist(&["ingest", "raw", setting, "1000"])
            .code(2)
            .says(&["'[DIR]' cannot be used with", setting]);
    }
    assert!(!place.path("olist.duckdb").exists());
}

#[test]
fn the_sample_is_the_same_each_time() {
    let (one, two) = (Place::with_project(), Place::with_project());
    let digest = "select count(*) || ' ' || md5(string_agg(o::varchar, ';' order by order_id)) from sources.orders as o";
    for (place, threads) in [(&one, "1"), (&two, "2")] {
        place.olist(&["ingest", "--sample", "--orders", "2000", "--threads", threads]).code(0);
    }
    assert_eq!(one.cell(digest), two.cell(digest));
    assert!(one.cell(digest).starts_with("2000 "));
    one.olist(&["ingest", "--sample", "--orders", "2000"]).code(0).says(&["nothing changed"]);
    one.olist(&["ingest", "--sample", "--orders", "2000", "--seed", "7"]).code(0);
    assert_ne!(one.cell(digest), two.cell(digest));
}
