//! An analyst's SQL is one SELECT, or nothing runs; and it reads the database alone.

use super::support::Place;

const STORE: &str = "{{ config(entity = 'seller', key = 'seller_id', description = 'x'{more}) }}\n";

fn store(more: &str, sql: &str) -> String {
    format!("{}{sql}\n", STORE.replace("{more}", more))
}

const PLAIN: &str = "select distinct seller_id from {{ source('order_items') }}";

/// Neither `run` nor `check` of this store ends well, or writes a file.
#[track_caller]
fn nothing_runs(place: &Place, text: &str) {
    place.write("secret.txt", "SECRET");
    place.write("features/evil.sql", text.replace("DIR", &place.path("").display().to_string()));
    for command in ["run", "check"] {
        let ran = place.olist(&[command, "--date", "2018-06-01", "--select", "features.evil"]);
        assert!([1, 2].contains(&ran.code), "{command}: {}\n{text}\n{}", ran.code, ran.stderr);
        assert!(!place.path("pwned").exists(), "{command} wrote a file: {text}\n{}", ran.stderr);
        assert!(!(ran.stderr + &ran.stdout).contains("SECRET"), "{command} read a file: {text}");
    }
}

#[test]
#[ignore = "a minute: every way around, one by one"]
fn a_store_is_one_select_or_nothing_runs() {
    let place = Place::with_sample();
    let read = "select content from read_text('DIR/secret.txt')";
    for sql in [
        format!("select 1 as a) as q; copy ({read}) to 'DIR/pwned'; select * from (select 'x' as seller_id"),
        format!("copy ({read}) to 'DIR/pwned'"),
        format!("copy ({read}) to 'DIR/pwned'; {PLAIN}"),
        format!("{PLAIN}; copy ({read}) to 'DIR/pwned'"),
        "select content as seller_id from read_text('DIR/secret.txt')".to_owned(),
        "select * from 'DIR/secret.txt'".to_owned(),
        "select * from read_csv('DIR/secret.txt')".to_owned(),
        "from query('select 1 as seller_id')".to_owned(),
        "with a as (delete from features.seller_sales returning seller_id) from a".to_owned(),
        "select nextval('x') as seller_id".to_owned(),
        "select seller_id from force_checkpoint('warehouse')".to_owned(),
        "pragma memory_limit = '1GB'".to_owned(),
        "set threads = 1".to_owned(),
    ] {
        nothing_runs(&place, &store("", &sql));
    }
    let more = "count(*) filter (where not (false";
    for check in [
        format!("true)) from (select 1); copy ({read}) to 'DIR/pwned'; select 1, 1, 0, {more}")
            .replace('\'', "\\'"),
        "true)) from (select 1); drop table features.seller_sales; select count(*) filter (where not (true"
            .to_owned(),
        "true) --".to_owned(),
        "true); select (1".to_owned(),
        "true, true".to_owned(),
        "exists (from read_text(\\'DIR/secret.txt\\'))".to_owned(),
    ] {
        nothing_runs(&place, &store(&format!(", checks = ['{check}']"), PLAIN));
    }
    assert_eq!(place.cell("select count(*) > 0 from features.seller_sales"), "true");
}

#[test]
fn a_semicolon_in_a_text_or_a_comment_ends_nothing() {
    let place = Place::with_sample();
    let sql =
        "-- one; two\nselect distinct seller_id, $$a;'b$$ as text /* ; */ from {{ source('order_items') }}";
    place.write("features/fine.sql", store(", checks = [\"seller_id <> ');'\"]", sql));
    place.olist(&["run", "--date", "2018-06-01", "--select", "features.fine"]).code(0);
}

#[test]
fn a_query_and_a_report_write_nothing() {
    let place = Place::with_sample();
    let whole = std::fs::read(place.path("olist.duckdb")).unwrap();
    let report = |sql: &str| format!("{{{{ config(description = 'x') }}}}\n{sql}\n");
    place.write("queries/reports/first.sql", report("copy (select 1) to 'olist.duckdb'; select 1 as ok"));
    place.write("queries/reports/alone.sql", report("copy (select 1) to 'olist.duckdb'"));
    place.write("queries/reports/file.sql", report("from read_csv('project.csv')"));
    place.write("project.csv", "a,b\n1,2\n");
    for query in [
        "copy (select 1) to 'olist.duckdb' (format csv, use_tmp_file false)",
        "copy (select 1) to 'olist.duckdb.wal'",
        "copy (select 1) to 'out.csv'",
        "select $$'$$; create temp table z as select 42 as second; from z --'",
        "set memory_limit = '1GB'",
        "attach 'other.duckdb'",
        "from read_csv('project.csv')",
        "from 'project.csv'",
        "from query('from 1')",
        "from duckdb_secrets()",
        "with a as (delete from scores.seller_churn returning *) from a",
    ] {
        place.olist(&["query", query]).code(2);
    }
    for name in ["first", "alone", "file"] {
        place
            .olist(&["query", name, "--date", "2018-06-01"])
            .code(2)
            .says(&[&format!("queries/reports/{name}.sql:2:")]);
    }
    assert!(std::fs::read(place.path("olist.duckdb")).unwrap() == whole);
    for file in ["out.csv", "other.duckdb", "olist.duckdb.wal"] {
        assert!(!place.path(file).exists(), "{file}");
    }
    place.olist(&["query", "select count(*) > 0 as is_there from duckdb_tables();"]).code(0);
    place.olist(&["query", "from sources.orders_as_of(date '2018-01-01') limit 1 -- that is all;"]).code(0);
}

#[test]
fn a_source_reads_its_own_file_alone() {
    let place = Place::with_churn();
    place.write("secret.txt", "SECRET");
    let file = "queries/sources/product_category_name_translation.sql";
    let text = place.read(file);
    for more in ["union all select content, '' from read_text('secret.txt')", "; copy (select 1) to 'pwned'"]
    {
        place.write(file, format!("{}\n{more}\n", text.trim_end()));
        place.olist(&["ingest", "--sample", "--orders", "300"]).code(2).says(&[file]);
        assert!(!place.path("pwned").exists());
    }
    place.write(file, text.replace("raw()", "'SECRET'"));
    place.olist(&["ingest", "--sample", "--orders", "300"]).code(2);
}

#[test]
fn a_project_above_is_said_and_is_the_users_own() {
    let place = Place::with_sample();
    std::fs::create_dir(place.path("below")).unwrap();
    let below = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.current_dir(place.path("below"));
        place.run(&mut command)
    };
    let arguments = ["render", "features/seller_sales.sql", "--date", "2018-06-01"];
    below(&arguments).code(0).says(&["project DIR"]);
    place.olist(&arguments).code(0).does_not_say(&["project DIR"]);
    // Only the superuser can give a folder away.
    if std::os::unix::fs::chown(place.path(""), Some(12345), None).is_ok() {
        below(&arguments).code(2).says(&["belongs to another user", "--project-dir"]);
        below(&[&arguments[..], &["--project-dir", ".."]].concat()).code(0);
    }
}

#[test]
fn what_source_reads_is_of_the_project() {
    let place = Place::with_sample();
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    let all = "create or replace macro sources.orders_as_of(reference_date) as table from sources.orders";
    conn.execute_batch(all).unwrap();
    drop(conn);
    let early = "select count(*) from sources.orders_as_of(date '2010-01-01')";
    assert_ne!(place.cell(early), "0");
    let run = ["run", "--date", "2018-06-01", "--select", "features.seller_sales"];
    place.olist(&run).code(0).says(&["sources.orders_as_of was not what queries/sources/orders.sql says"]);
    assert_eq!(place.cell(early), "0");
    place.olist(&run).code(0).does_not_say(&["was not what"]);
}
