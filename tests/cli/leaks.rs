//! Planted leaks, each beside look-alikes that see nothing of the future: the files of tests/leaks.
//!
//! `-- <<` stands in the line that has to be named, or `{# << in line 3 #}` at the top where a comment cannot stand in it. A
//! file without a mark may not be accused of anything.

use crate::support::{Place, read_folder};

const DATE: &str = "2018-03-01";
const PROOF: [&str; 4] = ["check", "--future", "--date", DATE];

/// Number of the line with the mark, in the file as written.
fn marked(text: &str) -> Option<String> {
    let (before, after) = text.split_once("<<")?;
    Some(match after.strip_prefix(" in line ") {
        Some(rest) => rest.split(' ').next().unwrap().to_owned(),
        None => (before.matches('\n').count() + 1).to_string(),
    })
}

/// Proves all files of one folder of tests/leaks at once: those with a mark are found there, and no other.
#[track_caller]
fn all_are_told_apart(folder: &str) {
    let place = Place::with_planted_sample();
    let files = read_folder(&format!("tests/leaks/{folder}"));
    if folder != "features" {
        let [(name, text)] = &read_folder("tests/leaks/base/abt")[..] else { panic!("one ABT for models") };
        place.write(&format!("abt/{name}"), text);
    }
    for (name, text) in &files {
        place.write(&format!("{folder}/{name}"), text);
    }
    let ran = place.olist(&PROOF).code(1);
    let mut wrong = Vec::new();
    for (name, text) in &files {
        let file = format!("{folder}/{name}");
        let said = || {
            let errors = ran.stderr.split("error: ").filter(|part| part.contains(&file));
            errors.collect::<Vec<_>>().join("error: ")
        };
        match marked(text) {
            Some(line) if !ran.stderr.contains(&format!("--> {file}:{line}:")) => {
                wrong.push(format!("not found: tests/leaks/{file}:{line}\n{}", said()));
            }
            None if ran.stderr.contains(&format!("--> {file}:")) => {
                wrong.push(format!("accused: tests/leaks/{file}\n{}", said()));
            }
            _ => {}
        }
        assert_eq!(marked(text).is_some(), name.starts_with("leak_"), "{name}");
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

#[test]
fn feature_stores_are_told_apart() {
    all_are_told_apart("features");
}

#[test]
fn abts_are_told_apart() {
    all_are_told_apart("abt");
}

#[test]
fn models_rules_slices_and_profiles_are_told_apart() {
    all_are_told_apart("models");
}

/// The project as it comes, over a small sample.
fn with_project_sample() -> Place {
    let place = Place::with_project();
    place.once(&["ingest", "--sample", "--orders", "6000"]).code(0);
    place
}

/// Every table and model is told to see no future, at so many dates.
#[track_caller]
fn sees_no_future(place: &Place, more: &[&str], dates: usize) {
    let check = [&["check", "--format", "csv"], more].concat();
    let ran = place.olist(&check).code(0).says(&["no future was seen"]);
    let rows: Vec<&str> = ran.stdout.lines().skip(1).collect();
    let tables =
        ["features", "abt", "models"].map(|folder| std::fs::read_dir(place.path(folder)).unwrap().count());
    assert_eq!(rows.len(), dates * tables.iter().sum::<usize>(), "{}", ran.stdout);
    assert!(rows.iter().all(|row| row.ends_with(",no future")), "{}", ran.stdout);
    // Nothing is written.
    assert_eq!(place.cell("select count(*) from pipeline.partitions"), "0");
}

/// The project as it comes: no leak; and what `check` tells beside the proof.
#[test]
fn the_project_sees_no_future() {
    let place = with_project_sample();
    sees_no_future(&place, &["--date", DATE], 1);
    place.olist(&["check", "--date", "2020-01-01"]).code(1).says(&["reference date 2020-01-01 is too late"]);
    // Checks of rows, and descriptions, are looked at too, at the file's line.
    place.edit("features/seller_sales.sql", "checks = [", "checks = [\n        'order_count > 5',");
    let ran = place.olist(&["check", "--date", DATE, "--select", "features.seller_sales"]).code(1);
    ran.says(&["check failed for", "order_count > 5", "--> features/seller_sales.sql:"]);
    place.olist(&["check", "--future", "--date", DATE, "--select", "features.seller_sales"]).code(0);
}

#[test]
fn a_proof_with_nothing_to_hide_says_so() {
    let place = Place::with_planted_sample();
    let last =
        place.cell("select (value::date + 1)::varchar from pipeline.settings where name = 'data_until'");
    place
        .olist(&["check", "--future", "--date", &last])
        .code(0)
        .says(&["a proof at that date proves nothing", "take an earlier --date"]);
}

#[test]
#[ignore = "the proof of every table, at four dates"]
fn the_project_sees_no_future_at_any_date() {
    // At the first snapshot, and three later dates.
    sees_no_future(&with_project_sample(), &[], 4);
}

/// A feature store with this SELECT.
fn plant(place: &Place, name: &str, select: &str) {
    let head = "{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}";
    place.write(&format!("features/{name}.sql"), format!("{head}\n{select}\n"));
}

/// Files that cannot be read are told one and all, and do not keep the others from being proven.
#[test]
fn broken_files_are_told_beside_the_proof() {
    let place = Place::with_planted_sample();
    plant(&place, "broken_call", "select seller_id, {{ now() }} as x from {{ source('sellers') }}");
    plant(&place, "broken_label", "select seller_id, 1 as x\nfrom {{ outcome('sellers') }}");
    plant(&place, "needs_broken", "select seller_id, x from {{ ref('features.broken_call') }}");
    let both = ["--> features/broken_call.sql:2:", "--> features/broken_label.sql:3:"];
    let ran = place.olist(&PROOF).code(2).says(&both).says(&["2 mistakes found"]);
    assert!(ran.stdout.contains("features.clean_sales"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("needs_broken"), "{}", ran.stderr);
    place.olist(&["run", "--date", DATE]).code(2).says(&both);
    place.olist(&["check", "--date", DATE, "--select", "needs_broken"]).code(2).says(&both);
    plant(&place, "broken_call", "select seller_id,\n    random() as x from {{ source('sellers') }}");
    place.olist(&PROOF).code(1).says(&["--> features/broken_call.sql:3:", both[1]]);
}

/// What a file reaches is seen before anything is built of it.
#[test]
fn nothing_is_built_from_a_file_that_reads_past_source() {
    let place = Place::with_planted_sample();
    let run = ["run", "--date", DATE];
    let table = "select seller_id, count(*) as x\nfrom sources.order_items group by seller_id";
    let chance = "select seller_id,\n    random() as x from {{ source('sellers') }}";
    for (body, says) in [(table, "is read past source() and ref()"), (chance, "is random")] {
        plant(&place, "past", body);
        place.olist(&run).code(2).says(&[says, "--> features/past.sql:3:"]);
        assert_eq!(
            place.cell("select count(*) from pipeline.partitions where table_name = 'features.past'"),
            "0"
        );
    }
    plant(&place, "past", "select seller_id, count(*) as x\nfrom {{ planted_table() }} group by seller_id");
    place
        .olist(&run)
        .code(2)
        .says(&["--> features/past.sql:3:", "within queries/macros/planted.sql:2:1: sources.order_items"]);
    plant(&place, "past", "select seller_id, count(*) as x from {{ planted_source() }} group by seller_id");
    place.olist(&run).code(0);
}

/// A rule that knows the answer would win, so it does not compete.
#[test]
fn a_rule_that_reads_the_label_is_not_trained() {
    let place = Place::with_planted_sample();
    let [(name, text)] = &read_folder("tests/leaks/base/abt")[..] else { panic!("one ABT for models") };
    place.write(&format!("abt/{name}"), text);
    let files = read_folder("tests/leaks/models");
    let (name, text) = files.iter().find(|(name, _)| name == "leak_rule_is_the_label.sql").unwrap();
    place.write(&format!("models/{name}"), text);
    let line = format!("--> models/{name}:{}:", marked(text).unwrap());
    place.olist(&["run", "--date", "2018-05-01"]).code(2).says(&["`sells` is known only later", &line]);
}

/// A column that is not decided by the data is told as that, not as a leak.
#[test]
fn what_depends_on_the_order_of_rows_is_told_apart() {
    let place = Place::with_planted_sample();
    let [(_, text)] = &read_folder("tests/leaks/base/abt")[..] else { panic!("one ABT for models") };
    let column = "(select list(price)::varchar from {{ outcome('order_items') }} as i
            where i.seller_id = population.seller_id) as x";
    place.write("abt/unsteady.sql", text.replace("order_count + 1 as x", column));
    place
        .olist(&PROOF)
        .code(1)
        .says(&["`x` of `abt.unsteady` is not the same when it is built again", "an order without ties"]);
}

/// A value that changed between two loads, though both say that it was known before the first one's end.
#[test]
fn what_was_rewritten_in_place_between_two_loads_is_found() {
    let place = Place::with_planted_sample();
    std::fs::copy(place.path("olist.duckdb"), place.path("older.duckdb")).unwrap();
    let arguments = ["check", "--future", "--date", DATE, "--against", "older.duckdb"];
    place.olist(&arguments).code(0);
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute_batch(
        "update sources.order_items set price = price + 1 where order_id in (select order_id from sources.orders limit 5);
         delete from sources.order_reviews where review_id = (select min(review_id) from sources.order_reviews)",
    )
    .unwrap();
    conn.close().unwrap();
    place.olist(&arguments).code(1).says(&[
        "column `price` differs in",
        "--> queries/sources/order_items.sql:",
        "1 rows known before the older load's end are gone from today's",
        "--> queries/sources/order_reviews.sql:",
    ]);
    place
        .olist(&["check", "--against", "nowhere.duckdb"])
        .code(2)
        .says(&["there is no database `nowhere.duckdb`"]);
}

#[test]
fn an_edit_of_a_source_takes_effect_with_its_next_load() {
    let place = Place::with_planted_sample();
    let file = "queries/sources/order_reviews.sql";
    place.edit(file, "known_at = 'review_answer_timestamp'", "known_at = 'review_creation_date'");
    let edited = format!("{file} was edited after it was loaded");
    place.olist(&PROOF).code(1).says(&[&edited, "`olist ingest` puts the edit into effect"]);
}

/// A moment may be written in any way that gives the same, and what a source's SELECT makes may have one.
#[test]
fn what_a_source_makes_of_its_file_may_say_when_it_was_known() {
    let place = Place::with_planted();
    let file = "queries/sources/orders.sql";
    place.edit(
        file,
        "select * from {{ raw() }}",
        "select *, date_diff('day', order_purchase_timestamp, order_delivered_customer_date) as delivery_days from {{ raw() }}",
    );
    place.edit(
        file,
        "    columns = {",
        "    columns = {
        'delivery_days': {'type': 'bigint', 'derived': true, 'known_at': 'order_delivered_customer_date', 'description': 'Days to delivery'},",
    );
    place.edit(
        file,
        "'known_at': 'order_approved_at',",
        "'known_at': 'cast(order_approved_at as timestamp)',",
    );
    place.olist(&["ingest", "--sample", "--orders", "6000"]).code(0);
    place.olist(&PROOF).code(0);
}
