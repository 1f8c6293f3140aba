//! `olist query`: reports, and SQL that only reads.

use crate::support::Place;

#[test]
fn reports_are_queries_with_a_name() {
    let place = Place::with_sample();
    let ran =
        place.olist(&["query", "seller_churn_to_call", "--date", "2018-06-01", "--format", "csv"]).code(0);
    assert!(ran.stdout.lines().count() > 50, "{}", ran.stdout);
    let newest = place.olist(&["query", "seller_churn_to_call", "--format", "csv"]).code(0);
    assert_eq!(newest.stdout, ran.stdout);
    let unbuilt = ["query", "seller_churn_to_call", "--date", "2018-05-07"];
    place
        .olist(&unbuilt)
        .code(1)
        .says(&["is not built at 2018-05-07", "`olist run --date 2018-05-07` builds it"]);
    place.olist(&["query", "select 1", "--date", "2018-06-01"]).code(2).says(&[
        "--date goes with a report, and this is SQL",
        "the reports are: deals_to_help, orders_to_rescue,",
    ]);
    let near = ["query", "seller_churn_to_cal", "--date", "2018-06-01"];
    place.olist(&near).code(2).says(&[
        "there is no report `seller_churn_to_cal`",
        "did you mean `seller_churn_to_call`? the reports are: ",
    ]);
    place.olist(&["query", "nope"]).code(2).says(&["there is no report `nope`", "seller_segments_profile"]);
}

#[test]
fn queries_only_read() {
    let place = Place::with_sample();
    place.write("secret.csv", "a\n1\n");
    for sql in [
        "delete from features.seller_sales",
        "copy (select 1) to 'written.csv'",
        "attach 'written.duckdb'",
        "export database 'written'",
        "from 'secret.csv'",
    ] {
        place.olist(&["query", sql]).code(2).says(&["`olist query` only reads the database", "csv > FILE"]);
    }
    place.olist(&["query", "set enable_external_access = true"]).code(2);
    let names = || std::fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names().any(|name| name.to_str().unwrap().contains("written")));
    place.olist(&["query", "select 1; select 2"]).code(2).says(&["one query at a time"]);
    place.olist(&["query", "select ';' as a; -- done"]).code(0).prints("a\n;\n");
    for nothing in ["", " ; ", "/* nothing */"] {
        place.olist(&["query", nothing]).code(2).says(&["the query is empty"]);
    }
    place
        .olist(&["query", "select recency from features.seller_sales"])
        .code(2)
        .says(&["query:1:8", "recency_days"]);
    place
        .olist(&["query", "select 1 as a, null as b, 'x' as c", "--format", "json"])
        .code(0)
        .prints("[\n  {\"a\":1,\"b\":null,\"c\":\"x\"}\n]\n");
    let endless = "select 'nan'::double as a, [-'inf'::float, 1] as b, 'NaN \"' as c";
    place
        .olist(&["query", endless, "--format", "json"])
        .code(0)
        .prints("[\n  {\"a\":null,\"b\":[null,1.0],\"c\":\"NaN \\\"\"}\n]\n");
    place.olist(&["query", "select 1 as a, 'x' as c"]).code(0).prints("a  c\n1  x\n");
}

#[test]
fn sql_comes_from_a_file_from_stdin_and_with_a_comment_before_it() {
    let place = Place::with_sample();
    place.write("mine.sql", "-- How many\nselect 42 as a;\n");
    place.olist(&["query", "-f", "mine.sql"]).code(0).prints(" a\n42\n");
    place.olist(&["query", "--file", "mine.sql", "--format", "csv"]).code(0).prints("a\n42\n");
    for stdin in [&["query", "-"][..], &["query", "-f", "-"]] {
        let mut command = place.command(stdin);
        command.stdin(std::fs::File::open(place.path("mine.sql")).unwrap());
        place.run(&mut command).code(0).prints(" a\n42\n");
    }
    let commented = "-- Mine: --format is none of it\nselect 42 as a";
    place.olist(&["query", commented]).code(0).prints(" a\n42\n");
    place.olist(&["query", "--format", "csv", "--=\nselect 42 as a"]).code(0).prints("a\n42\n");
    place.write("slip.sql", "select\n    recency\nfrom features.seller_sales\n");
    place.olist(&["query", "-f", "slip.sql"]).code(2).says(&["slip.sql:2:5", "recency_days"]);
    place.olist(&["query", "-f", "none.sql"]).code(2).says(&["could not read `none.sql`"]);
    place.olist(&["query", "-f", "mine.sql", "select 1"]).code(2).says(&["cannot be used with"]);
    place.olist(&["query"]).code(2).says(&["<SQL|--file <FILE>>"]);
    place.olist(&["query", "--fromat", "csv", "select 1"]).code(2).says(&["unexpected argument '--fromat'"]);
}

/// What does not fit into memory is written beside the database, and goes again.
#[test]
fn queries_may_be_larger_than_memory() {
    let place = Place::with_sample();
    let sql = "select count(*) as n from (select s from (select hash(x) || ' is a long text' as s from range(3000000) as t(x))
               group by s)";
    place
        .olist(&["query", sql, "--memory-limit", "100MB", "--threads", "2"])
        .code(0)
        .prints("      n\n3000000\n");
    assert!(!place.path("olist.duckdb.tmp").exists());
}
