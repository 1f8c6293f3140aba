//! Data until, as found and by hand.

use super::small;

#[test]
fn data_until_by_hand_lies_within_the_orders_and_holds_until_the_next_load() {
    let place = small();
    place.olist(&["ingest", "raw", "--until", "2090-01-01"]).code(2).says(&[
        "--until 2090-01-01 has not come",
        "the orders are of 2018-01-02 to 2018-01-03",
        "nothing was loaded",
    ]);
    assert!(!place.path("olist.duckdb").exists());
    place.olist(&["ingest", "raw", "--until", "2018-01-20"]).code(0).says(&[
        "--until 2018-01-20 is after the last order, of 2018-01-03",
        "data until 2018-01-20 (set by hand",
    ]);
    place
        .olist(&["ingest", "raw", "--until", "2018-01-02"])
        .code(0)
        .says(&["data until 2018-01-02 (set by hand"]);
    place
        .olist(&["ingest", "raw", "--until", "2018-01-01"])
        .code(2)
        .says(&["--until 2018-01-01 is before the first order, of 2018-01-02"]);
    let until = "select value from pipeline.settings where name = 'data_until'";
    assert_eq!(place.cell(until), "2018-01-02");
    place
        .olist(&["ingest", "raw", "--until", "2018-01-02"])
        .code(0)
        .says(&["(set by hand", "nothing changed"]);
    place
        .olist(&["ingest", "raw"])
        .code(0)
        .says(&["data until 2018-01-03 (the last complete day)"])
        .does_not_say(&["nothing changed"]);
    assert_eq!(place.cell(until), "2018-01-03");
}
